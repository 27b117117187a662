import { formatContentAddress } from "./content-address.ts";
import type { BasicDerivation } from "./derivation.ts";
import { formatHash } from "./hash.ts";
import { asJsonObject, formatJson, jsonObject, parseJson } from "./json-text.ts";
import type { JsonValue } from "./json-value.ts";
import type { PathInfo } from "./path-info.ts";
import { hashPlaceholder, replacePlaceholders } from "./placeholder.ts";
import { printStorePath, type StoreDir } from "./store-path.ts";

export { structuredAttrsShell } from "./structured-attrs-shell.ts";

/** A path of an exported reference graph, with the NAR sizes of its whole closure added up, in bytes. */
export interface ExportedPath {
  readonly info: PathInfo;
  readonly closureSize: number;
}

/** Whether a derivation has structured attributes. */
export function hasStructuredAttrs(drv: Pick<BasicDerivation, "env">): boolean {
  return drv.env.has("__json");
}

/**
 * What `.attrs.json` holds: the attributes, the output paths by name in the place of the names, and each exported
 * reference graph under its key. Print it with `formatJson`. `outputs` are full paths. Source: what Nix 2.34 writes.
 */
export function structuredAttrsJson(
  storeDir: StoreDir,
  drv: Pick<BasicDerivation, "name" | "env">,
  { outputs, graphs = new Map() }: { outputs: ReadonlyMap<string, string>; graphs?: ExportedGraphs },
): ReadonlyMap<string, JsonValue> {
  const what = `structured attributes of derivation '${drv.name}'`;
  const placeholders = new Map([...outputs].map(([name, path]) => [hashPlaceholder(name), path]));
  const text = replacePlaceholders(drv.env.get("__json") ?? "{}", placeholders);
  const json = new Map(asJsonObject(parseJson(text, what), what));
  json.set("outputs", new Map(outputs));
  for (const [key, paths] of graphs)
    json.set(
      key,
      paths.map((path) => exportedPathToJson(storeDir, path)),
    );
  return json;
}

/** By the key, or file name, of `exportReferencesGraph`: the closure's paths, sorted. */
export type ExportedGraphs = ReadonlyMap<string, readonly ExportedPath[]>;

/**
 * What a file of `exportReferencesGraph` holds without structured attributes: for each path its name, deriver
 * (always empty), number of references, and references. Source: Nix, `makeValidityRegistration`.
 */
export function formatReferencesGraph(storeDir: StoreDir, paths: readonly PathInfo[]): string {
  const print = (path: PathInfo["path"]): string => `${printStorePath(storeDir, path)}\n`;
  return paths
    .map(({ path, references }) => `${print(path)}\n${references.length}\n${references.map(print).join("")}`)
    .join("");
}

function exportedPathToJson(storeDir: StoreDir, { info, closureSize }: ExportedPath): JsonValue {
  return jsonObject({
    ca: info.contentAddress && formatContentAddress(info.contentAddress),
    closureSize: BigInt(closureSize),
    narHash: formatHash(info.narHash, "nix32"),
    narSize: BigInt(info.narSize),
    path: printStorePath(storeDir, info.path),
    references: info.references.map((path) => printStorePath(storeDir, path)),
    valid: true,
  });
}

/** The text of `.attrs.json`. */
export function formatStructuredAttrs(json: ReadonlyMap<string, JsonValue>): string {
  return formatJson(json);
}
