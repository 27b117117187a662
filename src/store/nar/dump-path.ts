import type { Buffer } from "node:buffer";
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { compareText, decodeText } from "#base/text.ts";
import { withoutCaseHack } from "#nix/case-hack.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";
import { toFsPath } from "./fs-path.ts";

export type FileKind = "directory" | "regular" | "symlink";

export interface DumpOptions {
  /** Whether to take what lies at a path below the root, such as `bin/x`. The root is always taken. */
  readonly filter?: (path: string, kind: FileKind) => boolean;
  /** Files on disk have names from `case-hack.ts`. */
  readonly caseHack?: boolean;
  /** Size of a chunk in bytes. */
  readonly chunkBytes?: number;
  /** Each chunk is valid only until the next is asked for. Faster, for consumers that keep none. */
  readonly reuseChunks?: boolean;
}

/**
 * The NAR of a file, symlink or directory on disk, read as it is consumed. Memory is bounded by a chunk
 * and by the names of the directories on the way down.
 */
export async function* dumpPath(
  path: string,
  options: DumpOptions = {},
): ByteSource & AsyncGenerator<Buffer> {
  let budget = BYTES_PER_TURN;
  for (const chunk of dumpChunks(path, options)) {
    yield chunk;
    budget -= chunk.length;
    if (budget > 0) continue;
    budget = BYTES_PER_TURN;
    await setImmediate();
  }
}

/** The same without leaving the call stack, for callers that may block. */
export function* dumpChunks(root: string, options: DumpOptions = {}): Generator<Buffer, void, undefined> {
  const ready: Buffer[] = [];
  const writer = new NarWriter((chunk) => ready.push(chunk), options.chunkBytes);
  const open: OpenDirectory[] = [];
  let next: Entry | undefined = { path: root, relative: "", name: "", kind: rootKind(root) };
  while (next) {
    if (next.kind === "directory") {
      writer.enterDirectory(next.name);
      open.push({ entries: readEntries(next, options), next: 0 });
    } else if (next.kind === "symlink") {
      writer.symlink(next.name, readLink(next.path));
    } else {
      yield* dumpFile(writer, next, drain);
    }
    next = nextEntry(open, writer);
    yield* drain();
  }
  writer.flush();
  yield* ready;

  function* drain(): Chunks {
    for (const chunk of ready.splice(0)) {
      yield chunk;
      if (options.reuseChunks) writer.recycle(chunk);
    }
  }
}

type Chunks = Generator<Buffer, void, undefined>;

interface Entry {
  readonly path: string;
  /** Below the root. */
  readonly relative: string;
  /** In the NAR. */
  readonly name: string;
  readonly kind: FileKind;
}

interface OpenDirectory {
  readonly entries: readonly Entry[];
  next: number;
}

/** The next entry of the innermost directory that has one, the exhausted ones closed. */
function nextEntry(open: OpenDirectory[], writer: NarWriter): Entry | undefined {
  for (let directory = open.at(-1); directory; directory = open.at(-1)) {
    const entry = directory.entries[directory.next++];
    if (entry) return entry;
    writer.leaveDirectory();
    open.pop();
  }
  return undefined;
}

function* dumpFile(writer: NarWriter, { path, name }: Entry, drain: () => Chunks): Chunks {
  const fd = openForReading(path);
  try {
    const { size, mode } = fstatSync(fd);
    writer.beginFile(name, { executable: (mode & constants.S_IXUSR) !== 0, size });
    while (writer.contentsLeft > 0) {
      const count = readSync(fd, writer.room());
      if (count === 0)
        throw new ElsewhereError("FILE_CHANGED", `Cannot dump '${path}': it became shorter meanwhile`);
      writer.filled(count);
      yield* drain();
    }
    writer.endFile();
  } finally {
    closeSync(fd);
  }
}

function readEntries(directory: Entry, { filter, caseHack }: DumpOptions): Entry[] {
  const prefix = directory.relative === "" ? "" : `${directory.relative}/`;
  const entries: Entry[] = [];
  for (const dirent of listDirectory(directory.path)) {
    const onDisk = decodeText(dirent.name);
    const path = `${directory.path}/${onDisk}`;
    const relative = prefix + onDisk;
    const kind = kindOf(dirent, path);
    if (filter && !filter(relative, kind)) continue;
    entries.push({ path, relative, name: caseHack ? withoutCaseHack(onDisk) : onDisk, kind });
  }
  return entries.sort((a, b) => compareText(a.name, b.name));
}

function listDirectory(path: string): Dirent<Buffer>[] {
  try {
    return readdirSync(toFsPath(path), { withFileTypes: true, encoding: "buffer" });
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function rootKind(path: string): FileKind {
  try {
    return kindOf(lstatSync(toFsPath(path)), path);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

interface Typed {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Typed, path: string): FileKind {
  if (entry.isFile()) return "regular";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symlink";
  throw new ElsewhereError("UNSUPPORTED_FILE", `Cannot dump '${path}': it is no file, directory or symlink`);
}

function openForReading(path: string): number {
  try {
    return openSync(toFsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function readLink(path: string): string {
  try {
    return decodeText(readlinkSync(toFsPath(path), { encoding: "buffer" }));
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): unknown {
  if (cause instanceof ElsewhereError) return cause;
  return new ElsewhereError("CANNOT_READ", `Cannot dump '${path}': ${messageOf(cause)}`, { cause });
}

/** After this many bytes the event loop gets a turn. */
const BYTES_PER_TURN = 8 * 1024 * 1024;
