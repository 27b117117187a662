import { readFileSync } from "node:fs";
import { parseJson } from "#nix/json-text.ts";
import type { JsonValue } from "#nix/json-value.ts";
import { sharedDir } from "#rig/shared.ts";

/** Bytes of a file of the reference implementation's test data. */
export function readGolden(path: string): Buffer {
  return readFileSync(`${sharedDir}/vectors/golden/${path}`);
}

export function readGoldenJson(path: string): JsonValue {
  return parseJson(readGolden(path).toString(), path);
}
