import { closeSync, openSync, readSync } from "node:fs";

/** A shell of this machine that runs alone: no interpreter, no libraries. */
export function findStaticShell(searchPath: string): string | undefined {
  const folders = `${searchPath}:/usr/bin:/bin`.split(":").filter((folder) => folder.startsWith("/"));
  return SHELLS.flatMap((name) => folders.map((folder) => `${folder}/${name}`)).find(isStatic);
}

/** Whether a file is a 64-bit ELF program that asks for no interpreter. Source: elf(5). */
function isStatic(path: string): boolean {
  const header = readStart(path);
  if (!header || header.length < 64 || header.readUInt32BE(0) !== ELF_MAGIC || header[4] !== ELF_64)
    return false;
  const [tableAt, entryBytes, entries] = [
    Number(header.readBigUInt64LE(32)),
    header.readUInt16LE(54),
    header.readUInt16LE(56),
  ];
  for (let index = 0; index < entries; index++) {
    const at = tableAt + index * entryBytes;
    if (at + 4 > header.length) return false;
    if (header.readUInt32LE(at) === INTERPRETER) return false;
  }
  return true;
}

function readStart(path: string): Buffer | undefined {
  try {
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(START_BYTES);
      return bytes.subarray(0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

// busybox answers to `sh` by the name under which it is started.
const SHELLS = ["busybox", "busybox-static", "bash-static"];
const ELF_MAGIC = 0x7f454c46;
const ELF_64 = 2;
const INTERPRETER = 3;
const START_BYTES = 4096;
