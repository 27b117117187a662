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
export async function queryMissing(
  { store, settings }: BuildSite,
  paths: readonly DerivedPath[],
): Promise<MissingPaths> {
  const graph = new DerivationGraph(store, { substitutes: settings.useSubstitutes });
  const [willBuild, willSubstitute, unknown] = [
    new Set<StorePath>(),
    new Set<StorePath>(),
    new Set<StorePath>(),
  ];
  let downloadSize = 0;
  let narSize = 0;
  const seen = new Set<string>();
  const waiting = [...paths];
  while (waiting.length > 0) {
    const round = waiting.splice(0);
    const fresh = round.filter((path) => {
      const key = path.kind === "opaque" ? path.path : `${path.drvPath}!${[...path.outputs].join()}`;
      return !seen.has(key) && seen.add(key);
    });
    await visitOpaque(fresh.flatMap((path) => (path.kind === "opaque" ? path.path : [])));
    await Promise.all(
      fresh.map(async (path) => {
        if (path.kind === "built") await visitBuilt(path.drvPath, (name) => wantsOutput(path.outputs, name));
      }),
    );
  }
  return {
    willBuild: [...willBuild].sort(),
    willSubstitute: [...willSubstitute].sort(),
    unknown: [...unknown].sort(),
    downloadSize,
    narSize,
  };

  async function visitOpaque(asked: readonly StorePath[]): Promise<void> {
    const valid = await store.queryValidPaths(asked);
    const missing = asked.filter((path) => !valid.has(path));
    if (missing.length === 0) return;
    const found = settings.useSubstitutes ? await store.querySubstitutable(missing) : new Map();
    for (const path of missing) if (!found.has(path)) unknown.add(path);
    for (const one of found.values()) take(one);
  }

  /** Counts a path, and goes on with what it refers to. */
  function take({ info, downloadSize: bytes }: SubstitutablePath): void {
    if (willSubstitute.has(info.path)) return;
    willSubstitute.add(info.path);
    downloadSize += bytes;
    narSize += info.narSize;
    for (const path of info.references) waiting.push({ kind: "opaque", path });
  }

  async function visitBuilt(drvPath: StorePath, wanted: (name: string) => boolean): Promise<void> {
    if (!(await store.queryValidPaths([drvPath])).has(drvPath)) {
      unknown.add(drvPath);
      return;
    }
    const outputs = [...(await graph.outputs(drvPath))]
      .filter(([name]) => wanted(name))
      .map(([, path]) => path);
    const known = outputs.flatMap((path) => path ?? []);
    const valid = await store.queryValidPaths(known);
    const missing = known.filter((path) => !valid.has(path));
    if (missing.length === 0 && known.length === outputs.length) return;
    const derivation = graph.derivation(drvPath);
    if (
      known.length === outputs.length &&
      settings.useSubstitutes &&
      derivationOptions(store.storeDir, derivation).allowSubstitutes
    ) {
      const addresses = fixedAddresses(derivation, await graph.outputs(drvPath));
      const substitutable = await store.querySubstitutable(missing, { addresses });
      if (missing.every((path) => substitutable.has(path))) {
        for (const one of substitutable.values()) take(one);
        return;
      }
    }
    willBuild.add(drvPath);
    for (const path of derivation.inputSources) waiting.push({ kind: "opaque", path });
    for (const [input, { outputs: names }] of derivation.inputDerivations)
      waiting.push({ kind: "built", drvPath: input, outputs: names });
  }
}
