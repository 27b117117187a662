import { MalformedError, unreachable } from "#base/errors.ts";
import {
  compressDigest,
  formatHash,
  type Hash,
  type HashAlgorithm,
  parseHash,
  parseHashAlgorithm,
  sha256,
} from "./hash.ts";
import { encodeNix32 } from "./nix32.ts";
import { checkStorePathName, parseStorePathBaseName, type StoreDir, type StorePath } from "./store-path.ts";

/** How a store object's contents are turned into the hash that addresses it. */
export type ContentAddressMethod = "text" | "flat" | "nar" | "git";

/** A store object's content address. */
export interface ContentAddress {
  readonly method: ContentAddressMethod;
  readonly hash: Hash;
}

/** References of a content-addressed object: others, and whether it refers to itself. */
export interface ObjectReferences {
  readonly others: readonly StorePath[];
  readonly self: boolean;
}

export const NO_REFERENCES: ObjectReferences = { others: [], self: false };

/** `text:sha256:…`, `fixed:sha1:…` (flat), `fixed:r:sha256:…` (NAR), `fixed:git:sha1:…`; digits in nix32. */
export function formatContentAddress({ method, hash }: ContentAddress): string {
  return `${METHOD_PREFIX[method]}${formatHash(hash, "nix32")}`;
}

export function parseContentAddress(text: string): ContentAddress {
  for (const method of METHODS_BY_PREFIX) {
    const prefix = METHOD_PREFIX[method];
    if (!text.startsWith(prefix)) continue;
    const hash = parseHash(text.slice(prefix.length));
    if (method === "text" && hash.algorithm !== "sha256")
      throw new MalformedError("content address", text, "text is always sha256");
    return { method, hash };
  }
  throw new MalformedError("content address", text, "want text:… or fixed:…");
}

/** `r:sha256`, `sha256`, `text:sha256`, `git:sha1`: the form in ATerm outputs and in AddToStore. */
export function formatMethodAlgorithm(method: ContentAddressMethod, algorithm: HashAlgorithm): string {
  return `${ALGORITHM_PREFIX[method]}${algorithm}`;
}

export function parseMethodAlgorithm(text: string): {
  method: ContentAddressMethod;
  algorithm: HashAlgorithm;
} {
  const cut = text.indexOf(":");
  const algorithm = parseHashAlgorithm(text.slice(cut + 1));
  if (cut < 0) return { method: "flat", algorithm };
  const prefix = text.slice(0, cut + 1);
  for (const method of METHODS_BY_PREFIX)
    if (ALGORITHM_PREFIX[method] === prefix) return { method, algorithm };
  throw new MalformedError("content address method", text);
}

/** The store path that a content address, a name and references make. Source: Nix manual, "Store Path". */
export function makeContentAddressedPath(
  storeDir: StoreDir,
  name: string,
  address: ContentAddress,
  references: ObjectReferences = NO_REFERENCES,
): StorePath {
  const { method, hash } = address;
  switch (method) {
    case "text":
      if (references.self)
        throw new MalformedError("text object", name, "a text object cannot refer to itself");
      return makeStorePath(storeDir, withReferences("text", storeDir, references), hash, name);
    case "nar":
      if (hash.algorithm === "sha256")
        return makeStorePath(storeDir, withReferences("source", storeDir, references), hash, name);
      return makeFixedPath(storeDir, name, address, references);
    case "flat":
    case "git":
      return makeFixedPath(storeDir, name, address, references);
    default:
      return unreachable(method);
  }
}

/** The path of output `output` of a derivation whose hash modulo is `hash`. */
export function makeOutputPath(storeDir: StoreDir, output: string, hash: Hash, drvName: string): StorePath {
  return makeStorePath(storeDir, `output:${output}`, hash, outputPathName(drvName, output));
}

/** `hello` for `out`, `hello-dev` for `dev`. */
export function outputPathName(drvName: string, output: string): string {
  return output === "out" ? drvName : `${drvName}-${output}`;
}

/** The root of all path making: a fingerprint, hashed, folded to 160 bits. */
export function makeStorePath(storeDir: StoreDir, type: string, hash: Hash, name: string): StorePath {
  checkStorePathName(name);
  const fingerprint = `${type}:${formatHash(hash, "base16")}:${storeDir}:${name}`;
  return parseStorePathBaseName(`${encodeNix32(compressDigest(sha256(fingerprint).digest, 20))}-${name}`);
}

function makeFixedPath(
  storeDir: StoreDir,
  name: string,
  { method, hash }: ContentAddress,
  references: ObjectReferences,
): StorePath {
  if (references.self || references.others.length > 0)
    throw new MalformedError("content address", name, `only NAR with sha256 and text may have references`);
  const inner = sha256(`fixed:out:${ALGORITHM_PREFIX[method]}${formatHash(hash, "base16")}:`);
  return makeStorePath(storeDir, "output:out", inner, name);
}

function withReferences(type: string, storeDir: StoreDir, { others, self }: ObjectReferences): string {
  const sorted = [...new Set(others)].sort();
  return [type, ...sorted.map((path) => `${storeDir}/${path}`), ...(self ? ["self"] : [])].join(":");
}

const METHOD_PREFIX: Record<ContentAddressMethod, string> = {
  text: "text:",
  nar: "fixed:r:",
  git: "fixed:git:",
  flat: "fixed:",
};
const ALGORITHM_PREFIX: Record<ContentAddressMethod, string> = {
  text: "text:",
  nar: "r:",
  git: "git:",
  flat: "",
};
/** Longest prefix first, since `fixed:` begins the others. */
const METHODS_BY_PREFIX: readonly ContentAddressMethod[] = ["text", "nar", "git", "flat"];
