import { MalformedError, unreachable } from "#base/errors.ts";
import { type ContentAddressMethod, parseMethodAlgorithm } from "./content-address.ts";
import type { DerivationOutput } from "./derivation.ts";
import { type OutputPlace, staticOutputPath } from "./derivation-output.ts";
import { formatDigest, formatHash, type Hash, parseDigest, parseHash, parseHashAlgorithm } from "./hash.ts";
import { asJsonObject, asJsonText, formatJson, jsonObject } from "./json-text.ts";
import type { JsonValue } from "./json-value.ts";
import {
  checkStorePathName,
  parseStorePath,
  parseStorePathBaseName,
  type StoreDir,
  type StorePath,
} from "./store-path.ts";

/** One output in the JSON of version 3 or 4. */
export function formatJsonOutput(output: DerivationOutput, place: OutputPlace, version: 3 | 4): JsonValue {
  const path = (base: StorePath): string => (version === 4 ? base : `${place.storeDir}/${base}`);
  switch (output.kind) {
    case "input-addressed":
      return jsonObject({ path: path(output.path) });
    case "fixed": {
      const { method, hash } = output.address;
      if (version === 4) return jsonObject({ hash: formatHash(hash, "sri"), method });
      const stated = path(staticOutputPath(output, place)!);
      return jsonObject({
        hash: formatDigest(hash, "base16"),
        hashAlgo: hash.algorithm,
        method,
        path: stated,
      });
    }
    case "floating":
      return jsonObject({ hashAlgo: output.algorithm, method: output.method });
    case "impure":
      return jsonObject({ hashAlgo: output.algorithm, impure: true, method: output.method });
    case "deferred":
      return new Map();
    default:
      return unreachable(output);
  }
}

/** One output in any version's form. A fixed output's path, where it is said, must be the one that its hash makes. */
export function parseJsonOutput(json: JsonValue, place: OutputPlace): DerivationOutput {
  checkStorePathName(place.outputName);
  const object = asJsonObject(json, `output '${place.outputName}'`);
  const stated = object.has("path")
    ? readPath(place.storeDir, asJsonText(object.get("path"), "path"))
    : undefined;
  const hash = object.has("hash") ? asJsonText(object.get("hash"), "output hash") : undefined;
  if (hash === undefined && !object.has("hashAlgo"))
    return stated ? { kind: "input-addressed", path: stated } : { kind: "deferred" };
  const made = readMethod(object);
  if (hash !== undefined && hash !== "impure") {
    const output: DerivationOutput = {
      kind: "fixed",
      address: { method: made.method, hash: readHash(hash, made) },
    };
    const right = staticOutputPath(output, place);
    if (stated === undefined || stated === right) return output;
    throw new MalformedError(`output '${place.outputName}'`, formatJson(json), `its hash makes '${right}'`);
  }
  if (stated !== undefined || made.algorithm === undefined)
    throw new MalformedError(
      `output '${place.outputName}'`,
      formatJson(json),
      "it mixes two kinds of output",
    );
  const isImpure = hash === "impure" || object.get("impure") === true;
  return { kind: isImpure ? "impure" : "floating", method: made.method, algorithm: made.algorithm };
}

type Made = { readonly method: ContentAddressMethod; readonly algorithm: Hash["algorithm"] | undefined };

/** `method` with a bare `hashAlgo`, or the older `hashAlgo` with the method as its prefix. */
function readMethod(object: ReadonlyMap<string, JsonValue>): Made {
  const algorithm = object.has("hashAlgo") ? asJsonText(object.get("hashAlgo"), "hashAlgo") : undefined;
  if (!object.has("method")) {
    if (algorithm === undefined) throw new MalformedError("output", formatJson(object), "it has no method");
    return parseMethodAlgorithm(algorithm);
  }
  const method = asJsonText(object.get("method"), "method");
  if (!METHODS.includes(method as ContentAddressMethod))
    throw new MalformedError("output method", method, `want one of ${METHODS.join(", ")}`);
  return {
    method: method as ContentAddressMethod,
    algorithm: algorithm === undefined ? undefined : parseHashAlgorithm(algorithm),
  };
}

function readHash(text: string, { algorithm }: Made): Hash {
  if (algorithm === undefined || /[:-]/.test(text)) return parseHash(text, algorithm);
  return { algorithm, digest: parseDigest(text, algorithm) };
}

function readPath(storeDir: StoreDir, text: string): StorePath {
  return text.startsWith("/") ? parseStorePath(storeDir, text) : parseStorePathBaseName(text);
}

const METHODS: readonly ContentAddressMethod[] = ["flat", "nar", "text", "git"];
