import { MalformedError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import { formatHash, parseHash } from "./hash.ts";
import { formatJson, jsonObject, parseJson } from "./json-text.ts";
import type { JsonValue } from "./json-value.ts";
import type { DrvOutput, Realisation } from "./realisation.ts";
import { parseStorePathBaseName, type StorePath } from "./store-path.ts";

/** `sha256:<base16>!out`. */
export function formatDrvOutput({ drvHash, outputName }: DrvOutput): string {
  return `${formatHash(drvHash, "base16")}!${outputName}`;
}

export function parseDrvOutput(text: string): DrvOutput {
  const cut = text.indexOf("!");
  const outputName = text.slice(cut + 1);
  if (cut < 0 || outputName === "" || outputName.includes("!"))
    throw new MalformedError("derivation output id", text, "want <hash>!<output>");
  const drvHash = parseHash(text.slice(0, cut));
  if (drvHash.algorithm !== "sha256") throw new MalformedError("derivation output id", text, "want sha256");
  return { drvHash, outputName };
}

/** The JSON that protocols and stores keep: one line, keys sorted, paths without the store directory. */
export function formatRealisation(realisation: Realisation): string {
  return formatJson(realisationToJson(realisation));
}

export function parseRealisation(text: string): Realisation {
  return realisationFromJson(parseJson(text, "realisation"));
}

/** What a realisation's signature signs: its JSON without the signatures. */
export function realisationFingerprint(realisation: Realisation): string {
  const json = new Map(realisationToJson(realisation));
  json.delete("signatures");
  return formatJson(json);
}

/** What newer Nix signs (2.35 and up), where the id is a derivation's path. */
export function buildTraceFingerprint(drvPath: StorePath, outputName: string, outPath: StorePath): string {
  const key = jsonObject({ drvPath, outputName });
  return formatJson(jsonObject({ key, value: jsonObject({ outPath }) }));
}

export function realisationToJson(realisation: Realisation): ReadonlyMap<string, JsonValue> {
  return jsonObject({
    dependentRealisations: realisation.dependentRealisations,
    id: formatDrvOutput(realisation.id),
    outPath: realisation.outPath,
    signatures: [...realisation.signatures].sort(compareText),
  });
}

/** Reads signatures as texts and as `{keyName, sig}`; `dependentRealisations` and signatures may be absent. */
export function realisationFromJson(json: JsonValue): Realisation {
  if (!(json instanceof Map)) throw fault(json, "want an object");
  return {
    id: parseDrvOutput(readText(json, "id")),
    outPath: parseStorePathBaseName(readText(json, "outPath")),
    signatures: readSignatures(json.get("signatures") ?? []),
    dependentRealisations: readDependents(json.get("dependentRealisations") ?? new Map()),
  };
}

/** `name:base64` texts from either form of signatures, sorted. */
export function readSignatures(json: JsonValue): string[] {
  if (!Array.isArray(json)) throw fault(json, "signatures are a list");
  return json
    .map((item: JsonValue) => {
      if (typeof item === "string") return item;
      if (item instanceof Map) return `${readText(item, "keyName")}:${readText(item, "sig")}`;
      throw fault(item, "a signature is a text, or has 'keyName' and 'sig'");
    })
    .sort(compareText);
}

function readDependents(json: JsonValue): Map<string, StorePath> {
  if (!(json instanceof Map)) throw fault(json, "dependentRealisations is an object");
  const dependents = new Map<string, StorePath>();
  for (const id of json.keys()) dependents.set(id, parseStorePathBaseName(readText(json, id)));
  return dependents;
}

function readText(json: ReadonlyMap<string, JsonValue>, key: string): string {
  const value = json.get(key);
  if (typeof value !== "string") throw fault(json, `'${key}' must be a text`);
  return value;
}

function fault(json: JsonValue, why: string): MalformedError {
  return new MalformedError("realisation", formatJson(json), why);
}
