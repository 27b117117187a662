import type { StorePath } from "./store-path.ts";

/** Which outputs of a derivation are wanted: all of them, or these (sorted). */
export type OutputsSpec = "*" | readonly string[];

/** What a client may ask a store to make valid: a path, or outputs of a derivation. */
export type DerivedPath =
  | { readonly kind: "opaque"; readonly path: StorePath }
  | { readonly kind: "built"; readonly drvPath: StorePath; readonly outputs: OutputsSpec };
