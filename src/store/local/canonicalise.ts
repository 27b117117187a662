import {
  chmodSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  renameSync,
  type Stats,
  utimesSync,
} from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";

/** The modification time of everything in a store, in seconds since the epoch. */
export const STORE_MTIME = 1;

export interface CanonicaliseOptions {
  /** Who may own what is found; anyone when absent. A hard link to another's file would otherwise become ours. */
  readonly allowedUids?: readonly [first: number, last: number];
}

/**
 * Gives a tree the metadata that everything in a store has: modes 0444 and 0555, modification time 1,
 * our own user and group, no set-id bits. Refuses what is no file, folder or symbolic link. Hard links to one
 * file are seen once. Access control lists lose their force with the mode; capabilities with the owner.
 */
export function canonicalise(realPath: string, options: CanonicaliseOptions = {}): void {
  const seen = new Set<string>();
  const waiting: Buffer[] = [encodeText(realPath)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stats = lstatSync(path);
    checkKind(path, stats);
    if (isSeen(stats, seen)) continue;
    checkOwner(path, stats, options);
    setMetadata(path, stats);
    if (stats.isDirectory())
      for (const name of readdirSync(path, { encoding: "buffer" })) waiting.push(join(path, name));
  }
}

/**
 * Renames a canonical path. A folder that only its owner may not write cannot be moved to another folder,
 * except by root, so it is writable for that moment.
 */
export function renameCanonical(from: string, to: string): void {
  try {
    renameSync(from, to);
    return;
  } catch (error) {
    if (!REFUSED.has((error as NodeJS.ErrnoException).code ?? "") || !lstatSync(from).isDirectory())
      throw error;
  }
  chmodSync(from, 0o755);
  renameSync(from, to);
  chmodSync(to, 0o555);
}

function setMetadata(path: Buffer, stats: Stats): void {
  if (process.geteuid && (stats.uid !== process.geteuid() || stats.gid !== process.getegid!()))
    lchownSync(path, process.geteuid(), process.getegid!());
  if (!stats.isSymbolicLink()) {
    const mode = stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o555 : 0o444;
    if ((stats.mode & 0o7777) !== mode) chmodSync(path, mode);
  }
  if (stats.mtimeMs === STORE_MTIME * 1000) return;
  if (stats.isSymbolicLink()) lutimesSync(path, stats.atimeMs / 1000, STORE_MTIME);
  else utimesSync(path, stats.atimeMs / 1000, STORE_MTIME);
}

function checkKind(path: Buffer, stats: Stats): void {
  if (stats.isFile() || stats.isDirectory() || stats.isSymbolicLink()) return;
  throw new ElsewhereError(
    "UNSUPPORTED_FILE",
    `Cannot take '${path}' into the store: it has an unsupported type`,
    {
      hint: "Only regular files, folders and symbolic links may be in a store; remove devices, sockets and pipes",
    },
  );
}

function checkOwner(path: Buffer, stats: Stats, { allowedUids }: CanonicaliseOptions): void {
  if (!allowedUids || (stats.uid >= allowedUids[0] && stats.uid <= allowedUids[1])) return;
  throw new ElsewhereError(
    "FOREIGN_FILE",
    `Cannot take '${path}' into the store: it belongs to user ${stats.uid}, not to the build`,
  );
}

function isSeen(stats: Stats, seen: Set<string>): boolean {
  if (stats.isDirectory() || stats.nlink < 2) return false;
  const key = `${stats.dev}:${stats.ino}`;
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

function join(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, SLASH, name]);
}

const REFUSED = new Set(["EACCES", "EPERM"]);
const SLASH = Buffer.from("/");
