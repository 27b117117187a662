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
  const places = new Map<StorePath, number>();
  const distinct: T[] = [];
  for (const item of items) {
    const place = places.get(item.path) ?? distinct.length;
    places.set(item.path, place);
    distinct[place] = item;
  }
  const referred = distinct.map(({ references }) => references.flatMap((path) => places.get(path) ?? []));
  return sortByPlaces(distinct, referred);
}

/** The same where it is known at which places of `items` each one's references are. */
export function sortByPlaces<T extends Referring>(
  items: readonly T[],
  referred: readonly (readonly number[])[],
): T[] {
  const states = new Uint8Array(items.length);
  /** Which reference of each is looked at next. */
  const turns = new Uint32Array(items.length);
  const sorted: T[] = [];
  const stack: number[] = [];
  for (let root = 0; root < items.length; root++) {
    enter(root);
    for (let place = stack.at(-1); place !== undefined; place = stack.at(-1)) {
      const next = referred[place]![turns[place]!++];
      if (next === undefined) leave(place);
      else if (states[next] === OPEN && next !== place)
        throw new ReferenceCycleError(items[next]!.path, items[place]!.path);
      else enter(next);
    }
  }
  return sorted;

  function enter(place: number): void {
    if (states[place] !== NEW) return;
    states[place] = OPEN;
    stack.push(place);
  }

  function leave(place: number): void {
    states[place] = DONE;
    sorted.push(items[place]!);
    stack.pop();
  }
}

const NEW = 0;
const OPEN = 1;
const DONE = 2;

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
