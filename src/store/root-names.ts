import type { StorePath } from "#nix/store-path.ts";

/** Valid paths that are kept, by what keeps them. */
export type Roots = Map<string, StorePath>;

/**
 * Roots by name. What is no link but a process (`/proc/7/maps`, `{temp:7}`) has a name in braces; it may keep many
 * paths, and each needs a name of its own: `{temp:7}`, `{temp:7#2}`. With `censor` they tell nothing of processes.
 */
export function nameRoots(
  found: Iterable<readonly [keeper: string, path: StorePath]>,
  { censor = false }: { censor?: boolean } = {},
): Roots {
  const roots: Roots = new Map();
  const counts = new Map<string, number>();
  for (const [keeper, path] of found) {
    const process = processIn(keeper);
    if (process === undefined) roots.set(keeper, path);
    else {
      const name = censor ? "censored" : process;
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      roots.set(count === 1 ? `{${name}}` : `{${name}#${count}}`, path);
    }
  }
  return roots;
}

function processIn(keeper: string): string | undefined {
  if (keeper.startsWith("{") && keeper.endsWith("}")) return keeper.slice(1, -1);
  return keeper.startsWith("/proc/") ? keeper : undefined;
}
