import { ElsewhereError, MalformedError } from "#base/errors.ts";

/** A store path without its store directory: `<32 digits>-<name>`. Only `store-path.ts` makes one. */
export type StorePath = string & { readonly __brand: "StorePath" };

/** The logical store directory, `/nix/store` nearly always. Absolute, no trailing slash. */
export type StoreDir = string & { readonly __brand: "StoreDir" };

export const DEFAULT_STORE_DIR = "/nix/store" as StoreDir;

/** Longest name of a store path, in bytes. Source: Nix, `StorePath::MaxPathLen`. */
export const STORE_PATH_NAME_MAX = 211;

/** Digits of a store path's hash part. */
export const HASH_PART_LENGTH = 32;

export function parseStoreDir(text: string): StoreDir {
  const trimmed = text.length > 1 ? text.replace(/\/+$/, "") : text;
  if (!trimmed.startsWith("/") || /\/\/|\/\.{1,2}(\/|$)/.test(trimmed))
    throw new MalformedError("store directory", text, "want an absolute, normal path");
  return trimmed as StoreDir;
}

/** The path of `text` without its store directory: `g1w7…-foo`. */
export function parseStorePathBaseName(text: string): StorePath {
  if (isStorePathBaseName(text)) return text;
  throw new MalformedError("store path", text, faultOf(text), { cause: undefined });
}

/** Whether a text is a store path without its store directory. */
export function isStorePathBaseName(text: string): text is StorePath {
  return BASE_NAME.test(text);
}

/** The store path that a full text such as `/nix/store/g1w7…-foo` names, exactly. */
export function parseStorePath(storeDir: StoreDir, text: string): StorePath {
  const cut = text.lastIndexOf("/");
  if (cut !== storeDir.length || !text.startsWith(storeDir)) throw new NotInStoreError(storeDir, text);
  return parseStorePathBaseName(text.slice(cut + 1));
}

/** The store path in which `text` lies, and the rest of it (`""` or `/bin/x`). */
export function parseInStore(storeDir: StoreDir, text: string): { path: StorePath; rest: string } {
  if (!text.startsWith(`${storeDir}/`)) throw new NotInStoreError(storeDir, text);
  const end = text.indexOf("/", storeDir.length + 1);
  const base = end < 0 ? text.slice(storeDir.length + 1) : text.slice(storeDir.length + 1, end);
  return { path: parseStorePathBaseName(base), rest: end < 0 ? "" : text.slice(end) };
}

export function printStorePath(storeDir: StoreDir, path: StorePath): string {
  return `${storeDir}/${path}`;
}

/** The 32 digits of nix32. */
export function hashPartOf(path: StorePath): string {
  return path.slice(0, HASH_PART_LENGTH);
}

/** What follows the hash part and its dash. */
export function nameOf(path: StorePath): string {
  return path.slice(HASH_PART_LENGTH + 1);
}

export function isDerivationPath(path: StorePath): boolean {
  return path.endsWith(".drv");
}

/** Throws unless `name` may be a store path's name. */
export function checkStorePathName(name: string): void {
  const why = faultOfName(name);
  if (why) throw new MalformedError("store path name", name, why);
}

/** A path that lies outside the store. */
export class NotInStoreError extends ElsewhereError {
  override readonly name = "NotInStoreError";
  constructor(storeDir: StoreDir, found: string) {
    super("NOT_IN_STORE", `Cannot use '${found}': path '${found}' is not in the Nix store '${storeDir}'`);
  }
}

function faultOf(base: string): string | undefined {
  if (base.length < HASH_PART_LENGTH + 2) return "it is too short to be a valid store path";
  if (!HASH_PART.test(base))
    return "its hash part has a character that is not of nix32, or no dash follows it";
  return faultOfName(base.slice(HASH_PART_LENGTH + 1));
}

function faultOfName(name: string): string | undefined {
  if (name.length === 0) return "its name is empty";
  if (name.length > STORE_PATH_NAME_MAX) return `its name is longer than ${STORE_PATH_NAME_MAX} characters`;
  if (!NAME.test(name)) return "its name has a character outside a-z A-Z 0-9 + - . _ ? =";
  if (DOTTED.test(name)) return "its name is '.' or '..', or begins with one of them and a dash";
  return undefined;
}

/** All that `faultOf` looks for, at once. */
const BASE_NAME = /^[0-9a-df-np-sv-z]{32}-(?!\.{1,2}(?:-|$))[0-9a-zA-Z+\-._?=]{1,211}$/;
const HASH_PART = /^[0-9a-df-np-sv-z]{32}-/;
const NAME = /^[0-9a-zA-Z+\-._?=]+$/;
const DOTTED = /^\.{1,2}(-|$)/;
