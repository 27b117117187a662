import { LimitError, MalformedError } from "#base/errors.ts";
import { formatContentAddress, parseContentAddress } from "./content-address.ts";
import { formatHash, type Hash, parseHash } from "./hash.ts";
import type { PathInfo } from "./path-info.ts";
import {
  parseStorePath,
  parseStorePathBaseName,
  printStorePath,
  type StoreDir,
  type StorePath,
} from "./store-path.ts";

/** What a binary cache says of a path: its information and where its NAR is. */
export interface NarInfo extends PathInfo {
  /** Relative to the cache, or a whole http(s) URL. */
  readonly url: string;
  /** As the cache names it: `none`, `xz`, `zstd`, … */
  readonly compression: string;
  /** Of the NAR as it lies in the cache, compressed. */
  readonly fileHash?: Hash | undefined;
  /** In bytes. */
  readonly fileSize?: number | undefined;
  readonly system?: string | undefined;
}

/** Longest narinfo that is accepted, in bytes: room for a hundred thousand references. */
export const NARINFO_BYTES_MAX = 8 * 1024 * 1024;

/** Reads a narinfo. Source: Nix, `NarInfo::NarInfo`. */
export function parseNarInfo(storeDir: StoreDir, text: string): NarInfo {
  if (text.length > NARINFO_BYTES_MAX)
    throw new LimitError("a narinfo, in bytes", text.length, NARINFO_BYTES_MAX);
  const fields = new Fields(text);
  const { deriver, fileHash, fileSize, ca } = {
    deriver: fields.one("Deriver"),
    fileHash: fields.one("FileHash"),
    fileSize: fields.one("FileSize"),
    ca: fields.one("CA"),
  };
  return {
    path: parseStorePath(storeDir, fields.need("StorePath")),
    url: parseUrl(fields.need("URL")),
    compression: fields.one("Compression") || "bzip2",
    fileHash: fileHash === undefined ? undefined : parseHash(fileHash, "sha256"),
    fileSize: fileSize === undefined ? undefined : parseSize("FileSize", fileSize),
    narHash: parseHash(fields.need("NarHash"), "sha256"),
    narSize: parsePositiveSize("NarSize", fields.need("NarSize")),
    references: parseReferences(fields.one("References") ?? ""),
    deriver:
      deriver === undefined || deriver === UNKNOWN_DERIVER ? undefined : parseStorePathBaseName(deriver),
    system: fields.one("System"),
    signatures: [...new Set(fields.all("Sig").filter(isOneWord))].sort(),
    contentAddress: ca ? parseContentAddress(ca) : undefined,
    registrationTime: 0,
    ultimate: false,
  };
}

/** Prints a narinfo as Nix does, a line a field. */
export function formatNarInfo(storeDir: StoreDir, info: NarInfo): string {
  const lines = [
    `StorePath: ${printStorePath(storeDir, info.path)}`,
    `URL: ${info.url}`,
    `Compression: ${info.compression}`,
    info.fileHash && `FileHash: ${formatHash(info.fileHash, "nix32")}`,
    info.fileSize !== undefined && `FileSize: ${info.fileSize}`,
    `NarHash: ${formatHash(info.narHash, "nix32")}`,
    `NarSize: ${info.narSize}`,
    `References: ${info.references.join(" ")}`,
    info.deriver && `Deriver: ${info.deriver}`,
    info.system && `System: ${info.system}`,
    ...info.signatures.filter(isOneWord).map((signature) => `Sig: ${signature}`),
    info.contentAddress && `CA: ${formatContentAddress(info.contentAddress)}`,
  ];
  return `${lines.filter((line) => typeof line === "string").join("\n")}\n`;
}

/** Stores let anyone note a signature, and some take any text for one: a line break in it would make fields of the rest. */
function isOneWord(signature: string): boolean {
  return /^[^\0-\x20\x7f]+$/.test(signature);
}

/** The lines of a narinfo by their names. Names that nobody asks for are passed over. */
class Fields {
  readonly #values = new Map<string, string[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const cut = line.indexOf(": ");
      // An empty value may have lost the space after its colon.
      const end = cut < 0 && line.endsWith(":") ? line.length - 1 : cut;
      if (end <= 0) throw new MalformedError("narinfo", line, "want 'Name: value' in each line");
      const name = line.slice(0, end);
      const value = line.slice(end + 2);
      const known = this.#values.get(name);
      if (known) known.push(value);
      else this.#values.set(name, [value]);
    }
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  one(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new MalformedError("narinfo", values[1]!, `it has more than one '${name}'`);
    return values[0];
  }

  need(name: string): string {
    const value = this.one(name);
    if (!value) throw new MalformedError("narinfo", value ?? "", `it has no '${name}'`);
    return value;
  }
}

function parseReferences(text: string): StorePath[] {
  const bases = text.split(" ").filter((base) => base !== "");
  return [...new Set(bases.map(parseStorePathBaseName))].sort();
}

/** Refuses what would lead out of a cache that is a folder. */
function parseUrl(url: string): string {
  if (/[\0-\x20\x7f]/.test(url))
    throw new MalformedError("narinfo URL", url, "it has a space or control character");
  if (/^https?:\/\//.test(url)) return url;
  const path = url.replace(/[?#].*$/s, "");
  const escapes =
    /^[/\\]|^[a-z][a-z0-9+.-]*:/i.test(path) || path.split("/").some((part) => /^(\.|%2e){1,2}$/i.test(part));
  if (escapes) throw new MalformedError("narinfo URL", url, "want a path below the cache, or http(s)");
  return url;
}

function parsePositiveSize(what: string, text: string): number {
  const size = parseSize(what, text);
  if (size === 0) throw new MalformedError(`narinfo ${what}`, text, "want more than 0");
  return size;
}

function parseSize(what: string, text: string): number {
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size))
    throw new MalformedError(`narinfo ${what}`, text, "want a number of bytes");
  return size;
}

/** What old caches write where no deriver is known. */
const UNKNOWN_DERIVER = "unknown-deriver";
