import { ElsewhereError } from "#base/errors.ts";
import type { Wish } from "#build/engine/plan/plan.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import type { StorePath } from "#nix/store-path.ts";

/** Outputs of a derivation that somebody asked for; where nothing is said, `out`, or the first. Throws when it has none of that name. */
export function wishOf(
  graph: ReadonlyMap<StorePath, Derivation>,
  drvPath: StorePath,
  outputs: OutputsSpec | undefined,
): Wish {
  const all = [...graph.get(drvPath)!.outputs.keys()];
  const wanted = outputs === undefined ? (all.includes("out") ? ["out"] : all.slice(0, 1)) : outputs;
  if (wanted === "*") return { drvPath, outputs: all.sort() };
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new ElsewhereError(
      "NO_SUCH_OUTPUT",
      `Cannot build output '${unknown}' of '${drvPath}': it has ${all.join(", ")}`,
    );
  return { drvPath, outputs: [...wanted].sort() };
}

/** One wish a derivation. */
export function mergeWishes(wishes: readonly Wish[]): Wish[] {
  const merged = new Map<StorePath, Set<string>>();
  for (const { drvPath, outputs } of wishes)
    merged.set(drvPath, (merged.get(drvPath) ?? new Set()).union(new Set(outputs)));
  return [...merged].map(([drvPath, outputs]) => ({ drvPath, outputs: [...outputs].sort() }));
}
