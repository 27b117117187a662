import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuildSite } from "../build-site.ts";
import type { DerivationGraph } from "./derivation-graph.ts";
import { narrateFetches } from "./ensure-path.ts";
import { fixedAddresses } from "./fixed-addresses.ts";

/** Outputs of a graph's derivations that need not be built: they are there, or can be had. */
export class OutputsThere {
  readonly #site: BuildSite;
  readonly #graph: DerivationGraph;
  readonly #request: RealiseOptions;

  constructor(site: BuildSite, graph: DerivationGraph, request: RealiseOptions) {
    this.#site = site;
    this.#graph = graph;
    this.#request = request;
  }

  /** Realisations of the wanted outputs when all are valid. */
  async find(
    drvPath: StorePath,
    wanted: (name: string) => boolean,
  ): Promise<Map<string, Realisation> | undefined> {
    const { store } = this.#site;
    if (!(await store.queryValidPaths([drvPath])).has(drvPath)) return undefined;
    const found = new Map<string, Realisation>();
    for (const [outputName, outPath] of await this.#graph.outputs(drvPath)) {
      if (!wanted(outputName)) continue;
      if (!outPath) return undefined;
      const id = { drvHash: this.#graph.drvHash(drvPath), outputName };
      found.set(outputName, { id, outPath, signatures: [], dependentRealisations: new Map() });
    }
    const paths = Array.from(found.values(), ({ outPath }) => outPath);
    return (await store.queryValidPaths(paths)).size === new Set(paths).size ? found : undefined;
  }

  /** What was built before realisations were kept, or came from elsewhere, gets them now. */
  async record(drvPath: StorePath, known: ReadonlyMap<string, Realisation>): Promise<void> {
    const { store, settings } = this.#site;
    const isKnownAnyway = hasKnownOutputPaths(derivationType(this.#graph.derivation(drvPath)));
    if (isKnownAnyway && !settings.recordsRealisations) return;
    for (const realisation of known.values())
      if (!(await store.queryRealisation(realisation.id))) await store.registerRealisation(realisation);
  }

  /** Takes all outputs from substituters; undefined where those do not have them, or their paths are not known. */
  async substitute(drvPath: StorePath): Promise<Map<string, Realisation> | undefined> {
    const { store, settings } = this.#site;
    using narrator = narrateFetches(this.#site, this.#request);
    const outputs = [...(await this.#graph.outputs(drvPath)).values()];
    const paths = outputs.flatMap((path) => path ?? []);
    if (paths.length < outputs.length) return undefined;
    const addresses = fixedAddresses(this.#graph.derivation(drvPath), await this.#graph.outputs(drvPath));
    const { failed } = await store.substitute(paths, { addresses, fetches: narrator.take });
    if (failed.length > 0 && !(this.#request.settings.fallback ?? settings.fallback))
      throw new BuildFailure(
        "TransientFailure",
        `some substitutes for the outputs of derivation '${this.#graph.print(drvPath)}' failed (usually happens due to networking issues); try '--fallback' to build derivation from source `,
      );
    return await this.find(drvPath, () => true);
  }
}
