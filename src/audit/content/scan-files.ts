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
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { decodeText } from "#base/text.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { toFsPath } from "#store/nar/fs-path.ts";
import { HEAD_BYTES } from "../format/read-binary.ts";
import { ContentScanner } from "./content-scanner.ts";
import { Contents } from "./contents.ts";

/** Looks into a store path that lies on this disk: the beginning of each file is read, and no more. */
export async function scanFiles(root: string, storeDir: StoreDir): Promise<Contents> {
  const contents = new Contents();
  const scanner = new ContentScanner(storeDir, contents);
  const head = new Uint8Array(HEAD_BYTES);
  const open: { readonly path: string; readonly file: string }[] = [];
  try {
    const top = lstatSync(toFsPath(root));
    if (top.isDirectory()) open.push({ path: root, file: "" });
    else if (top.isSymbolicLink()) scanner.symlink("", linkAt(root));
    else readHead(root, "", { scanner, head });
    for (let folder = open.pop(), files = 0; folder; folder = open.pop()) {
      for (const entry of entriesOf(folder.path)) {
        const name = decodeText(entry.name);
        const path = `${folder.path}/${name}`;
        const file = folder.file === "" ? name : `${folder.file}/${name}`;
        if (entry.isDirectory()) open.push({ path, file });
        else if (entry.isSymbolicLink()) scanner.symlink(file, linkAt(path));
        else if (entry.isFile()) readHead(path, file, { scanner, head });
        if (++files % FILES_PER_TURN === 0) await setImmediate();
      }
    }
  } catch (cause) {
    if (cause instanceof ElsewhereError) throw cause;
    throw new ElsewhereError("CANNOT_READ", `Cannot look into '${root}': ${messageOf(cause)}`, { cause });
  }
  return contents;
}

function readHead(
  path: string,
  file: string,
  { scanner, head }: { scanner: ContentScanner; head: Uint8Array },
): void {
  const handle = openSync(toFsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mode } = fstatSync(handle);
    const length = readSync(handle, head, 0, HEAD_BYTES, 0);
    scanner.file(file, { executable: (mode & constants.S_IXUSR) !== 0, size }, head.subarray(0, length));
  } finally {
    closeSync(handle);
  }
}

function entriesOf(path: string): Dirent<Buffer>[] {
  return readdirSync(toFsPath(path), { withFileTypes: true, encoding: "buffer" });
}

function linkAt(path: string): string {
  return decodeText(readlinkSync(toFsPath(path), { encoding: "buffer" }));
}

/** After this many files other work gets a turn. */
const FILES_PER_TURN = 512;
