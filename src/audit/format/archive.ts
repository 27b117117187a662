import { Buffer } from "node:buffer";
import type { Binary } from "./binary.ts";
import { readElf } from "./elf.ts";
import { readMachO } from "./mach-o.ts";

/** Reads an `ar` archive's first object, where it lies among the first bytes. Source: ar(5), of System V and of BSD. */
export function readArchive(view: DataView, size: number): Binary | undefined {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  let at = MAGIC.length;
  while (at + HEADER_BYTES <= bytes.length) {
    const name = bytes.toString("latin1", at, at + 16).trimEnd();
    const length = Number(bytes.toString("latin1", at + 48, at + 58).trim());
    if (!Number.isSafeInteger(length) || length < 0 || at + HEADER_BYTES + length > size) return undefined;
    const from = at + HEADER_BYTES + (name.startsWith("#1/") ? Number(name.slice(3)) || 0 : 0);
    const member = INDEXES.test(name) || from >= bytes.length ? undefined : objectIn(bytes.subarray(from));
    if (member) return { format: "archive", kind: "object", machines: member.machines };
    at += HEADER_BYTES + length + (length % 2);
  }
  return { format: "archive", kind: "object", machines: [] };
}

function objectIn(bytes: Buffer): Binary | undefined {
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic === ELF) return readElf(view);
  return MACH_O.has(magic) ? readMachO(view) : undefined;
}

const MAGIC = "!<arch>\n";
const HEADER_BYTES = 60;
/** Symbol tables and the table of long names. */
const INDEXES = /^(\/|\/\/|\/SYM64\/|__\.SYMDEF.*)$/;
const ELF = 0x7f454c46;
/** For one processor, either way round. */
const MACH_O: ReadonlySet<number> = new Set([0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe]);
