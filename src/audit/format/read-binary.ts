import { parsePlatform } from "../platform.ts";
import { readArchive } from "./archive.ts";
import type { Binary, Machine } from "./binary.ts";
import { readElf } from "./elf.ts";
import { readMachO } from "./mach-o.ts";
import { readPe } from "./pe.ts";
import { readScript } from "./script.ts";

/** What `head`, the first bytes of a file of `size` bytes, tells; undefined for anything else, and for what is cut off. */
export function readBinary(head: Uint8Array, size: number = head.length): Binary | undefined {
  if (head.length < 4) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  switch (view.getUint32(0)) {
    case ELF:
      return readElf(view);
    case MACH_32_BIG:
    case MACH_64_BIG:
    case MACH_32_LITTLE:
    case MACH_64_LITTLE:
    case FAT:
    case FAT_64:
      return readMachO(view);
    case WASM:
      return { format: "wasm", kind: "other", machines: [wasmMachine] };
    case ARCHIVE:
      return readArchive(view, size);
  }
  const start = view.getUint16(0);
  if (start === MZ) return readPe(view);
  return start === HASH_BANG ? readScript(head) : undefined;
}

/** Bytes of a file that `readBinary` wants to see, where there are so many. */
export const HEAD_BYTES = 4096;

const ELF = 0x7f454c46;
const MACH_32_BIG = 0xfeedface;
const MACH_64_BIG = 0xfeedfacf;
const MACH_32_LITTLE = 0xcefaedfe;
const MACH_64_LITTLE = 0xcffaedfe;
const FAT = 0xcafebabe;
const FAT_64 = 0xcafebabf;
const WASM = 0x0061736d;
/** `!<ar`. */
const ARCHIVE = 0x213c6172;
const MZ = 0x4d5a;
const HASH_BANG = 0x2321;
const wasmMachine: Machine = { platform: parsePlatform("wasm32-wasi"), bits: 32, endian: "little" };
