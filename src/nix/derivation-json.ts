import { MalformedError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import type { Derivation, InputOutputs } from "./derivation.ts";
import { formatJsonOutput, parseJsonOutput } from "./derivation-json-output.ts";
import { asJsonList, asJsonObject, asJsonText, formatJson, jsonObject, parseJson } from "./json-text.ts";
import type { JsonValue } from "./json-value.ts";
import { parseStorePath, parseStorePathBaseName, type StoreDir, type StorePath } from "./store-path.ts";

/** Version 4 is what Nix 2.34 shows; 3 is that of 2.26, which bears no version number in the text. */
export type DerivationJsonVersion = 3 | 4;

/** A derivation as `nix derivation show` prints one. */
export function derivationToJson(
  storeDir: StoreDir,
  drv: Derivation,
  version: DerivationJsonVersion = 4,
): ReadonlyMap<string, JsonValue> {
  const path = (base: StorePath): string => (version === 4 ? base : `${storeDir}/${base}`);
  const sources = drv.inputSources.map(path);
  const inputs = new Map([...drv.inputDerivations].map(([key, input]) => [path(key), inputToJson(input)]));
  const { name, system, builder, args } = drv;
  const outputs = new Map<string, JsonValue>();
  for (const [outputName, output] of drv.outputs)
    outputs.set(outputName, formatJsonOutput(output, { storeDir, drvName: name, outputName }, version));
  const shared = { args, builder, name, outputs, system };
  if (version === 3) return jsonObject({ ...shared, env: drv.env, inputDrvs: inputs, inputSrcs: sources });
  const env = new Map(drv.env);
  const attributes = env.get("__json");
  env.delete("__json");
  return jsonObject({
    ...shared,
    env,
    inputs: jsonObject({ drvs: inputs, srcs: sources }),
    structuredAttrs:
      attributes === undefined ? undefined : parseJson(attributes, `structured attributes of '${name}'`),
    version: 4n,
  });
}

/** Many derivations by path, as `nix derivation show` prints them. */
export function derivationsToJson(
  storeDir: StoreDir,
  drvs: ReadonlyMap<StorePath, Derivation>,
  version: DerivationJsonVersion = 4,
): ReadonlyMap<string, JsonValue> {
  const key = (path: StorePath): string => (version === 4 ? path : `${storeDir}/${path}`);
  const all = new Map([...drvs].map(([path, drv]) => [key(path), derivationToJson(storeDir, drv, version)]));
  return version === 4 ? jsonObject({ derivations: all, version: 4n }) : all;
}

/**
 * Reads one derivation in any form that Nix has printed since 2.4, told apart by their keys. `name` is for the
 * oldest, which does not say it. Output paths of fixed outputs may be absent.
 */
export function derivationFromJson(storeDir: StoreDir, json: JsonValue, name?: string): Derivation {
  const object = asJsonObject(json, "derivation");
  checkVersion(object.get("version"));
  const drvName = object.has("name") ? asJsonText(object.get("name"), "derivation name") : name;
  if (drvName === undefined) throw new MalformedError("derivation", formatJson(json), "it has no name");
  const path = pathReader(storeDir);
  const { sources, derivations } = readInputs(object);
  const outputs = entriesOf(object.get("outputs"), "outputs").map(([outputName, output]) => {
    return [outputName, parseJsonOutput(output, { storeDir, drvName, outputName })] as const;
  });
  return {
    name: drvName,
    outputs: new Map(outputs),
    inputDerivations: sortedMap(derivations.map(([key, input]) => [path(key), readInput(input)])),
    inputSources: [...new Set(sources.map(path))].sort(compareText),
    system: asJsonText(object.get("system"), "system"),
    builder: asJsonText(object.get("builder"), "builder"),
    args: asJsonList(object.get("args"), "args").map((arg) => asJsonText(arg, "args")),
    env: readEnvironment(object),
  };
}

/** Reads what `derivationsToJson` prints, or Nix's older forms of it, or one derivation without its path. */
export function derivationsFromJson(storeDir: StoreDir, json: JsonValue): Map<string, Derivation> {
  const object = asJsonObject(json, "derivations");
  const all = object.has("derivations") ? asJsonObject(object.get("derivations"), "derivations") : object;
  if (all.has("builder") && typeof all.get("builder") === "string") {
    const drv = derivationFromJson(storeDir, json);
    return new Map([[`${drv.name}.drv`, drv]]);
  }
  const path = pathReader(storeDir);
  const drvs = new Map<string, Derivation>();
  for (const [key, value] of all)
    drvs.set(
      path(key),
      derivationFromJson(
        storeDir,
        value,
        path(key)
          .slice(33)
          .replace(/\.drv$/, ""),
      ),
    );
  return drvs;
}

/** Recurses as deep as the parsers let outputs of outputs nest. */
function inputToJson({ outputs, dynamic }: InputOutputs): JsonValue {
  const inner = [...dynamic].map(([name, nested]) => [name, inputToJson(nested)] as const);
  return jsonObject({ dynamicOutputs: new Map(inner), outputs });
}

function checkVersion(version: JsonValue | undefined): void {
  if (version === undefined || version === 3n || version === 4n) return;
  throw new MalformedError("derivation", formatJson(version), "want version 3 or 4");
}

function readInputs(object: ReadonlyMap<string, JsonValue>): {
  sources: string[];
  derivations: [string, JsonValue][];
} {
  const inputs = object.get("inputs");
  const isPlainList = Array.isArray(inputs);
  const holder = inputs === undefined || isPlainList ? object : asJsonObject(inputs, "inputs");
  const sources = isPlainList ? inputs : (holder.get("srcs") ?? holder.get("inputSrcs"));
  const derivations = isPlainList ? new Map() : (holder.get("drvs") ?? holder.get("inputDrvs"));
  return {
    sources: asJsonList(sources, "input sources").map((text) => asJsonText(text, "input source")),
    derivations: entriesOf(derivations, "input derivations"),
  };
}

function readInput(json: JsonValue, depth = 0): InputOutputs {
  if (depth > DYNAMIC_DEPTH_MAX)
    throw new MalformedError("input derivation", "", "its outputs nest too deep");
  const isPlainList = Array.isArray(json);
  const object = isPlainList ? new Map<string, JsonValue>() : asJsonObject(json, "input derivation");
  const names = asJsonList(isPlainList ? json : object.get("outputs"), "wanted outputs");
  const dynamic = entriesOf(object.get("dynamicOutputs") ?? new Map(), "dynamicOutputs");
  return {
    outputs: [...new Set(names.map((name) => asJsonText(name, "output name")))].sort(compareText),
    dynamic: sortedMap(dynamic.map(([name, inner]) => [name, readInput(inner, depth + 1)])),
  };
}

function readEnvironment(object: ReadonlyMap<string, JsonValue>): Map<string, string> {
  const env = entriesOf(object.get("env"), "env").map(
    ([key, value]) => [key, asJsonText(value, "env")] as const,
  );
  const attributes = object.get("structuredAttrs");
  if (attributes === undefined || attributes === null) return new Map(env);
  return sortedMap([...env, ["__json", formatJson(asJsonObject(attributes, "structuredAttrs"))]]);
}

function pathReader(storeDir: StoreDir): (text: string) => StorePath {
  return (text) => (text.startsWith("/") ? parseStorePath(storeDir, text) : parseStorePathBaseName(text));
}

function entriesOf(json: JsonValue | undefined, what: string): [string, JsonValue][] {
  return [...asJsonObject(json, what)].sort(([a], [b]) => compareText(a, b));
}

function sortedMap<K extends string, V>(entries: readonly (readonly [K, V])[]): Map<K, V> {
  return new Map([...entries].sort(([a], [b]) => compareText(a, b)));
}

/** Deepest nesting of outputs of outputs, in levels; the same as in ATerm. */
const DYNAMIC_DEPTH_MAX = 64;
