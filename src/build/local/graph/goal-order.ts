import { compareText } from "#base/text.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { nameOf } from "#nix/store-path.ts";

/** As in Nix, work begins in the order of names, so that who asks again gets the same answer. */
export function inNixOrder(paths: readonly DerivedPath[]): DerivedPath[] {
  return [...paths].sort((a, b) => compareText(goalKey(a), goalKey(b)));
}

function goalKey(path: DerivedPath): string {
  return path.kind === "opaque"
    ? `a$${nameOf(path.path)}$${path.path}`
    : `b$${nameOf(path.drvPath)}$${path.drvPath}`;
}
