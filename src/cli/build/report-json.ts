import type { RealiseReport, RealiseRequest } from "#build/engine/realise-request.ts";
import type { Origin } from "#build/events.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";

/** As `nix build --json`, with where each output came from, and what was built on the way. */
export function reportJson(
  { wishes, destination }: RealiseRequest,
  report: RealiseReport,
  obtained: ReadonlyMap<StorePath, Origin>,
): string {
  const print = (path: StorePath) => printStorePath(destination.store.storeDir, path);
  const entries = wishes.map(({ drvPath, outputs }) => {
    const known = report.outputsOf(drvPath);
    const paths = outputs.flatMap((name) => (known.has(name) ? [[name, known.get(name)!] as const] : []));
    return {
      drvPath: print(drvPath),
      outputs: Object.fromEntries(paths.map(([name, path]) => [name, print(path)])),
      origins: Object.fromEntries(
        paths.flatMap(([name, path]) => (report.origins.has(path) ? [[name, report.origins.get(path)]] : [])),
      ),
      ...(report.lies.size > 0 && {
        lies: Object.fromEntries(
          paths.flatMap(([name, path]) => (report.lies.has(path) ? [[name, report.lies.get(path)]] : [])),
        ),
      }),
    };
  });
  const builds = [...report.outcomes].map(([drvPath, outcome]) => ({
    drvPath: print(drvPath),
    ...outcome,
    ...(outcome.kind === "realised" && {
      outputs: Object.fromEntries([...outcome.outputs].map(([name, path]) => [name, print(path)])),
    }),
  }));
  const paths = Array.from(obtained, ([path, origin]) => ({ path: print(path), origin }));
  return JSON.stringify({ requested: [...entries, ...paths], builds, complete: report.complete });
}
