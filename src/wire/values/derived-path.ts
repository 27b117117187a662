import { MalformedError } from "#base/errors.ts";
import type { DerivedPath, OutputsSpec } from "#nix/derived-path.ts";
import { isDerivationPath, parseStorePath, printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { choose, mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";

/** From 1.30 on: a path, `….drv!*` or `….drv!out,dev`. */
const explicitPath: Codec<DerivedPath> = mapped(text, {
  parse: (found, { storeDir }): DerivedPath => {
    const cut = found.indexOf("!");
    if (cut < 0) return { kind: "opaque", path: parseStorePath(storeDir, found) };
    return built(storeDir, found.slice(0, cut), found.slice(cut + 1));
  },
  print: (path, { storeDir }) =>
    path.kind === "opaque"
      ? printStorePath(storeDir, path.path)
      : `${printStorePath(storeDir, path.drvPath)}!${printOutputs(path.outputs)}`,
});

/** Before 1.30: a `.drv` alone stands for all its outputs. */
export const pathWithOutputs: Codec<DerivedPath> = mapped(text, {
  parse: (found, { storeDir }): DerivedPath => {
    const cut = found.indexOf("!");
    if (cut >= 0) return built(storeDir, found.slice(0, cut), found.slice(cut + 1));
    const path = parseStorePath(storeDir, found);
    return isDerivationPath(path) ? { kind: "built", drvPath: path, outputs: "*" } : { kind: "opaque", path };
  },
  print: (path, { storeDir }) => {
    if (path.kind === "built")
      return path.outputs === "*"
        ? printStorePath(storeDir, path.drvPath)
        : `${printStorePath(storeDir, path.drvPath)}!${printOutputs(path.outputs)}`;
    if (isDerivationPath(path.path))
      throw new MalformedError("request", path.path, "the peer is too old to make a derivation itself valid");
    return printStorePath(storeDir, path.path);
  },
});

/** The worker protocol's `DerivedPath`. */
export const derivedPath: Codec<DerivedPath> = choose(({ version }) =>
  version >= 30 ? explicitPath : pathWithOutputs,
);

function built(storeDir: StoreDir, drvPath: string, outputs: string): DerivedPath {
  return { kind: "built", drvPath: parseStorePath(storeDir, drvPath), outputs: parseOutputs(outputs) };
}

function parseOutputs(found: string): OutputsSpec {
  if (found === "*") return "*";
  const names = found.split(",");
  for (const name of names)
    if (!OUTPUT_NAME.test(name)) throw new MalformedError("output names", found, "want '*' or 'out,dev'");
  return [...new Set(names)].sort();
}

function printOutputs(outputs: OutputsSpec): string {
  return outputs === "*" ? outputs : [...new Set(outputs)].sort().join(",");
}

const OUTPUT_NAME = /^[0-9a-zA-Z+\-._?=]+$/;
