import { MalformedError } from "#base/errors.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { formatDerivedPath, legacyDerivedPath, parseDerivedPath } from "#nix/derived-path-text.ts";
import { isDerivationPath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { choose, mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";

/** From 1.30 on: a path, `….drv!*` or `….drv!dev,out`. */
const explicitPath: Codec<DerivedPath> = mapped(text, {
  parse: (found, { storeDir }) => parseDerivedPath(storeDir, found, "!"),
  print: (path, { storeDir }) => formatDerivedPath(storeDir, path, "!"),
});

/** Before 1.30, and in the serve protocol: a `.drv` alone stands for all its outputs. */
export const pathWithOutputs: Codec<DerivedPath> = mapped(explicitPath, {
  parse: (path) => (path.kind === "opaque" ? legacyDerivedPath(path.path) : path),
  print: (path): DerivedPath => {
    if (path.kind === "built") return path.outputs === "*" ? { kind: "opaque", path: path.drvPath } : path;
    if (!isDerivationPath(path.path)) return path;
    throw new MalformedError("request", path.path, "the peer is too old to make a derivation itself valid");
  },
});

/** The worker protocol's `DerivedPath`. */
export const derivedPath: Codec<DerivedPath> = choose(({ version }) =>
  version >= 30 ? explicitPath : pathWithOutputs,
);
