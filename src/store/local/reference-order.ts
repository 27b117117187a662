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
  const visits = new Map<StorePath, Visit<T>>();
  for (const item of items) visits.set(item.path, { item, next: 0, state: "new" });
  const sorted: T[] = [];
  const stack: Visit<T>[] = [];
  for (const root of visits.values()) {
    enter(root);
    for (let visit = stack.at(-1); visit; visit = stack.at(-1)) {
      const reference = visit.item.references[visit.next++];
      if (reference === undefined) leave(visit);
      else {
        const referred = visits.get(reference);
        if (referred?.state === "open" && referred !== visit)
          throw new ReferenceCycleError(reference, visit.item.path);
        if (referred) enter(referred);
      }
    }
  }
  return sorted;

  function enter(visit: Visit<T>): void {
    if (visit.state !== "new") return;
    visit.state = "open";
    stack.push(visit);
  }

  function leave(visit: Visit<T>): void {
    visit.state = "done";
    sorted.push(visit.item);
    stack.pop();
  }
}

interface Visit<T> {
  readonly item: T;
  /** Which of its references is looked at next. */
  next: number;
  state: "new" | "open" | "done";
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
