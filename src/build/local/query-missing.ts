import { derivationOptions } from "#nix/derivation-options.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { MissingPaths } from "#store/realiser.ts";
import type { BuildSite } from "./build-site.ts";
import { DerivationGraph } from "./derivation-graph.ts";

/** What would be built and what substituted to have all of it. Nothing is done. */
export async function queryMissing(
  { store, settings }: BuildSite,
  paths: readonly DerivedPath[],
): Promise<MissingPaths> {
  const graph = new DerivationGraph(store);
  const [willBuild, willSubstitute, unknown] = [
    new Set<StorePath>(),
    new Set<StorePath>(),
    new Set<StorePath>(),
  ];
  const seen = new Set<string>();
  const waiting = [...paths];
  while (waiting.length > 0) {
    const round = waiting.splice(0);
    for (const path of round) {
      const key = path.kind === "opaque" ? path.path : `${path.drvPath}!${path.outputs}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (path.kind === "opaque") await visitOpaque(path.path);
      else await visitBuilt(path.drvPath, (name) => wantsOutput(path.outputs, name));
    }
  }
  return {
    willBuild: [...willBuild].sort(),
    willSubstitute: [...willSubstitute].sort(),
    unknown: [...unknown].sort(),
    downloadSize: 0,
    narSize: 0,
  };

  async function visitOpaque(path: StorePath): Promise<void> {
    if ((await store.queryValidPaths([path])).has(path)) return;
    if ((await store.querySubstitutablePaths([path])).has(path)) willSubstitute.add(path);
    else unknown.add(path);
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
      const substitutable = await store.querySubstitutablePaths(missing);
      if (missing.every((path) => substitutable.has(path))) {
        for (const path of missing) willSubstitute.add(path);
        return;
      }
    }
    willBuild.add(drvPath);
    for (const path of derivation.inputSources) waiting.push({ kind: "opaque", path });
    for (const [input, { outputs: names }] of derivation.inputDerivations)
      waiting.push({ kind: "built", drvPath: input, outputs: names });
  }
}
