import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";

/** The shortest way from what was asked for to a derivation, by names: `system › etc › nix.conf`. */
export function wayTo(
  drvPath: StorePath,
  { graph, roots }: { graph: ReadonlyMap<StorePath, Derivation>; roots: readonly StorePath[] },
): string {
  const before = new Map<StorePath, StorePath | undefined>(roots.map((root) => [root, undefined]));
  // A Map grows while it is walked: what is added comes later.
  for (const [path] of before) {
    if (path === drvPath) break;
    for (const input of graph.get(path)?.inputDerivations.keys() ?? [])
      if (!before.has(input)) before.set(input, path);
  }
  const names: string[] = [];
  for (let at: StorePath | undefined = drvPath; at !== undefined; at = before.get(at))
    names.push(graph.get(at)?.name ?? at);
  const way = names.reverse();
  return (way.length > NAMES_MAX ? [...way.slice(0, 3), "…", ...way.slice(4 - NAMES_MAX)] : way).join(" › ");
}

const NAMES_MAX = 9;
