import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "../derivation.ts";
import type { StorePath } from "../store-path.ts";

/**
 * Visits `roots` and all that they need, each once, inputs before what needs them, reading each when it is first
 * met and holding only those on the way to it. Throws on a cycle. Walks with a stack of its own: chains may be long.
 */
export function* inputsFirst<T extends { readonly derivation: Derivation }>(
  roots: Iterable<StorePath>,
  read: (path: StorePath) => T,
  done: { has(path: StorePath): boolean } = NOTHING,
): Generator<readonly [StorePath, T], void, undefined> {
  const left = new Set<StorePath>();
  const entered = new Map<StorePath, T>();
  for (const root of roots) {
    const stack = [root];
    for (let path = stack.at(-1); path !== undefined; path = stack.at(-1)) {
      const node = entered.get(path);
      if (node) {
        entered.delete(path);
        left.add(path);
        yield [path, node];
      }
      if (node || left.has(path) || done.has(path)) {
        stack.pop();
        continue;
      }
      const found = read(path);
      entered.set(path, found);
      for (const input of found.derivation.inputDerivations.keys()) {
        if (entered.has(input)) throw cycle(path, input);
        if (!left.has(input)) stack.push(input);
      }
    }
  }
}

function cycle(path: StorePath, input: StorePath): ElsewhereError {
  return new ElsewhereError(
    "DERIVATION_CYCLE",
    `Cannot order derivations: '${path}' and '${input}' need each other`,
  );
}

const NOTHING = { has: () => false };
