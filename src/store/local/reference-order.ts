import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";

/** A path and what it refers to. */
export interface Referring {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
}

/**
 * References before referrers; references outside of `items` do not count, nor does one to itself. Among
 * what is free, the order of `items` is kept as far as it goes. Throws on a cycle.
 */
export function sortByReferences<T extends Referring>(items: readonly T[]): T[] {
  const byPath = new Map(items.map((item) => [item.path, item]));
  const state = new Map<StorePath, "open" | "done">();
  const sorted: T[] = [];
  for (const root of items) {
    if (state.has(root.path)) continue;
    state.set(root.path, "open");
    const stack: { item: T; next: number }[] = [{ item: root, next: 0 }];
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const reference = frame.item.references[frame.next++];
      if (reference === undefined) {
        state.set(frame.item.path, "done");
        sorted.push(frame.item);
        stack.pop();
        continue;
      }
      const referred = byPath.get(reference);
      if (!referred || referred === frame.item) continue;
      const seen = state.get(reference);
      if (seen === "open") throw new ReferenceCycleError(reference, frame.item.path);
      if (seen) continue;
      state.set(reference, "open");
      stack.push({ item: referred, next: 0 });
    }
  }
  return sorted;
}

/** Two paths that refer to each other, directly or through others. */
export class ReferenceCycleError extends ElsewhereError {
  override readonly name = "ReferenceCycleError";
  constructor(path: StorePath, from: StorePath) {
    super(
      "REFERENCE_CYCLE",
      `Cannot order store paths: cycle detected in the references of '${path}' from '${from}'`,
    );
  }
}
