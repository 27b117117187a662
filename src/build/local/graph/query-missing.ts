import type { DerivedPath } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { MissingPaths } from "#store/realiser.ts";
import type { SubstitutablePath } from "#store/substituter.ts";
import type { BuildSite } from "../build-site.ts";
import { DerivationGraph } from "./derivation-graph.ts";
import { fixedAddresses } from "./fixed-addresses.ts";

/** What would be built and what substituted to have all of it. Nothing is done. */
export async function queryMissing(site: BuildSite, paths: readonly DerivedPath[]): Promise<MissingPaths> {
  const search = new MissingSearch(site);
  await search.run(paths);
  return search.found();
}

/** Goes from what is wanted to what that needs, round by round. */
class MissingSearch {
  readonly #site: BuildSite;
  readonly #graph: DerivationGraph;
  readonly #willBuild = new Set<StorePath>();
  readonly #willSubstitute = new Set<StorePath>();
  readonly #unknown = new Set<StorePath>();
  readonly #seen = new Set<string>();
  /** To be looked at in the next round. */
  #waiting: DerivedPath[] = [];
  #downloadSize = 0;
  #narSize = 0;

  constructor(site: BuildSite) {
    this.#site = site;
    this.#graph = new DerivationGraph(site.store, { substitutes: site.settings.useSubstitutes });
  }

  async run(paths: readonly DerivedPath[]): Promise<void> {
    this.#waiting = [...paths];
    while (this.#waiting.length > 0) {
      const fresh = this.#waiting.splice(0).filter((path) => this.#isNew(path));
      await this.#visitOpaque(fresh.flatMap((path) => (path.kind === "opaque" ? path.path : [])));
      await Promise.all(fresh.map((path) => path.kind === "built" && this.#visitBuilt(path)));
    }
  }

  found(): MissingPaths {
    return {
      willBuild: [...this.#willBuild].sort(),
      willSubstitute: [...this.#willSubstitute].sort(),
      unknown: [...this.#unknown].sort(),
      downloadSize: this.#downloadSize,
      narSize: this.#narSize,
    };
  }

  #isNew(path: DerivedPath): boolean {
    const key = path.kind === "opaque" ? path.path : `${path.drvPath}!${[...path.outputs].join()}`;
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  async #visitOpaque(asked: readonly StorePath[]): Promise<void> {
    const { store, settings } = this.#site;
    const valid = await store.queryValidPaths(asked);
    const missing = asked.filter((path) => !valid.has(path));
    if (missing.length === 0) return;
    const found = settings.useSubstitutes ? await store.querySubstitutable(missing) : new Map();
    for (const path of missing) if (!found.has(path)) this.#unknown.add(path);
    for (const one of found.values()) this.#take(one);
  }

  async #visitBuilt({ drvPath, outputs }: Extract<DerivedPath, { kind: "built" }>): Promise<void> {
    const { store } = this.#site;
    if (!(await store.queryValidPaths([drvPath])).has(drvPath)) {
      this.#unknown.add(drvPath);
      return;
    }
    const wanted = [...(await this.#graph.outputs(drvPath))].filter(([name]) => wantsOutput(outputs, name));
    const known = wanted.flatMap(([, path]) => path ?? []);
    const valid = await store.queryValidPaths(known);
    const missing = known.filter((path) => !valid.has(path));
    const areAllKnown = known.length === wanted.length;
    if (areAllKnown && (missing.length === 0 || (await this.#substitutes(drvPath, missing)))) return;
    this.#willBuild.add(drvPath);
    const { inputSources, inputDerivations } = this.#graph.derivation(drvPath);
    for (const path of inputSources) this.#waiting.push({ kind: "opaque", path });
    for (const [input, { outputs: names }] of inputDerivations)
      this.#waiting.push({ kind: "built", drvPath: input, outputs: names });
  }

  /** Whether all the missing outputs of a derivation can be taken from substituters; then they count. */
  async #substitutes(drvPath: StorePath, missing: readonly StorePath[]): Promise<boolean> {
    const { store, settings } = this.#site;
    const derivation = this.#graph.derivation(drvPath);
    if (!settings.useSubstitutes || !derivationOptions(store.storeDir, derivation).allowSubstitutes)
      return false;
    const addresses = fixedAddresses(derivation, await this.#graph.outputs(drvPath));
    const substitutable = await store.querySubstitutable(missing, { addresses });
    if (!missing.every((path) => substitutable.has(path))) return false;
    for (const one of substitutable.values()) this.#take(one);
    return true;
  }

  /** Counts a path, and goes on with what it refers to. */
  #take({ info, downloadSize }: SubstitutablePath): void {
    if (this.#willSubstitute.has(info.path)) return;
    this.#willSubstitute.add(info.path);
    this.#downloadSize += downloadSize;
    this.#narSize += info.narSize;
    for (const path of info.references) this.#waiting.push({ kind: "opaque", path });
  }
}
