import { createHash } from "node:crypto";
import { words } from "#nix/nar/grammar.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { narOfFile } from "../store/local/local-rig.ts";

/** A path that someone lies about: what is said of it, and what is sent for it. */
export interface Lie {
  readonly what: string;
  readonly info: PathInfo;
  readonly nar: Buffer;
}

export const LIED_ABOUT = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-lie");
export const NEVER_MADE = parseStorePathBaseName("00000000000000000000000000000000-never");

/** Archives that would write where they must not, or mean different things to different readers. */
const ARCHIVES: readonly (readonly [string, Buffer])[] = [
  ["a name that is ..", folder(file("..", "x"))],
  ["a name that is .", folder(file(".", "x"))],
  ["a name with slashes", folder(file("../../../../tmp/elsewhere-lie", "x"))],
  ["an absolute name", folder(file("/tmp/elsewhere-lie", "x"))],
  ["an empty name", folder(file("", "x"))],
  ["a name with a NUL", folder(file("a\0b", "x"))],
  ["the same name twice", folder(file("a", "x"), file("a", "y"))],
  ["a symlink, and then a file by its name", folder(link("a", "/tmp/elsewhere-lie"), file("a", "x"))],
  [
    "a symlink, and then a folder by its name",
    folder(link("a", "/tmp"), entry("a", directory(file("b", "x")))),
  ],
  ["names out of order", folder(file("b", "x"), file("a", "y"))],
  [
    "a file that is longer than the archive",
    Buffer.concat([words("nix-archive-1", "(", "type", "regular", "contents"), Buffer.alloc(7, 255)]),
  ],
  ["an end in the middle", folder(file("a", "x")).subarray(0, -40)],
  ["bytes after the end", Buffer.concat([folder(file("a", "x")), Buffer.alloc(64, 1)])],
  ["a kind that nobody knows", words("nix-archive-1", "(", "type", "device", ")")],
];

const GOOD = narOfFile("good\n");

export const LIES: readonly Lie[] = [
  ...ARCHIVES.map(([what, nar]) => ({ what, nar, info: infoOf(nar) })),
  {
    what: "a hash that is another",
    nar: GOOD,
    info: { ...infoOf(GOOD), narHash: hashOf(Buffer.from("other")) },
  },
  { what: "a size that is too small", nar: GOOD, info: { ...infoOf(GOOD), narSize: GOOD.length - 8 } },
  { what: "a reference to nothing", nar: GOOD, info: { ...infoOf(GOOD), references: [NEVER_MADE] } },
];

export function infoOf(nar: Buffer, path: StorePath = LIED_ABOUT): PathInfo {
  return {
    path,
    narHash: hashOf(nar),
    narSize: nar.length,
    references: [],
    registrationTime: 0,
    ultimate: true,
    signatures: [],
  };
}

function hashOf(bytes: Buffer) {
  return { algorithm: "sha256", digest: createHash("sha256").update(bytes).digest() } as const;
}

function folder(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([words("nix-archive-1"), directory(...entries)]);
}

function directory(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([words("(", "type", "directory"), ...entries, words(")")]);
}

function file(name: string, contents: string): Buffer {
  return entry(name, words("(", "type", "regular", "contents", contents, ")"));
}

function link(name: string, target: string): Buffer {
  return entry(name, words("(", "type", "symlink", "target", target, ")"));
}

function entry(name: string, node: Buffer): Buffer {
  return Buffer.concat([words("entry", "(", "name", name, "node"), node, words(")")]);
}
