import { parsePlatform } from "../platform.ts";
import type { Binary, BinaryKind, Machine } from "./binary.ts";

/** Reads the header of an ELF file, and its loader where that lies among the first bytes. Source: System V ABI, gABI 4.3. */
export function readElf(view: DataView): Binary | undefined {
  if (view.byteLength < IDENT_BYTES) return undefined;
  const is64 = view.getUint8(4) === 2;
  const isLittle = view.getUint8(5) === 1;
  if (!isOneOrTwo(view.getUint8(4)) || !isOneOrTwo(view.getUint8(5))) return undefined;
  if (view.byteLength < (is64 ? HEADER_64_BYTES : HEADER_32_BYTES)) return undefined;
  const header = headerOf(view, { is64, isLittle });
  const interpreter = readInterpreter(view, header);
  const kind = kindOf(view.getUint16(16, isLittle), interpreter);
  return {
    format: "ELF",
    kind,
    machines: [machineOf(view, header, interpreter)],
    ...(interpreter !== undefined && { interpreter }),
  };
}

interface Header {
  readonly is64: boolean;
  readonly isLittle: boolean;
  readonly flags: number;
  /** Program headers: where they begin, the size of one, how many. */
  readonly programs: { readonly offset: number; readonly size: number; readonly count: number };
}

function headerOf(view: DataView, { is64, isLittle }: { is64: boolean; isLittle: boolean }): Header {
  const offset = is64 ? Number(view.getBigUint64(32, isLittle)) : view.getUint32(28, isLittle);
  const tail = is64 ? 48 : 36;
  return {
    is64,
    isLittle,
    flags: view.getUint32(tail, isLittle),
    programs: {
      offset,
      size: view.getUint16(tail + 6, isLittle),
      count: view.getUint16(tail + 8, isLittle),
    },
  };
}

function readInterpreter(view: DataView, { is64, isLittle, programs }: Header): string | undefined {
  for (let i = 0; i < Math.min(programs.count, PROGRAMS_MAX); i++) {
    const at = programs.offset + i * programs.size;
    if (!Number.isSafeInteger(at) || at + (is64 ? 56 : 32) > view.byteLength) return undefined;
    if (view.getUint32(at, isLittle) !== PT_INTERP) continue;
    const from = is64 ? Number(view.getBigUint64(at + 8, isLittle)) : view.getUint32(at + 4, isLittle);
    const length = is64 ? Number(view.getBigUint64(at + 32, isLittle)) : view.getUint32(at + 16, isLittle);
    return textAt(view, from, length);
  }
  return undefined;
}

function textAt(view: DataView, from: number, length: number): string | undefined {
  if (length < 2 || length > INTERPRETER_BYTES_MAX || from + length > view.byteLength) return undefined;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + from, length);
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function kindOf(type: number, interpreter: string | undefined): BinaryKind {
  if (type === ET_REL) return "object";
  if (type === ET_EXEC || interpreter !== undefined) return "executable";
  return type === ET_DYN ? "library" : "other";
}

function machineOf(view: DataView, header: Header, interpreter: string | undefined): Machine {
  const { is64, isLittle } = header;
  const number = view.getUint16(18, isLittle);
  const os = osOf(view.getUint8(7), { number, interpreter });
  const abi = abiOf(number, header);
  return {
    platform: parsePlatform(`${cpuOf(number, header)}-${os}`),
    bits: is64 ? 64 : 32,
    endian: isLittle ? "little" : "big",
    ...(abi !== undefined && { abi }),
  };
}

function osOf(
  byte: number,
  { number, interpreter }: { number: number; interpreter: string | undefined },
): string {
  if (DEVICES.has(number)) return "none";
  if (interpreter?.startsWith("/libexec/ld-elf")) return "freebsd";
  return OS_ABIS[byte] ?? "linux";
}

function cpuOf(number: number, { is64, isLittle }: Header): string {
  const name = CPUS[number];
  switch (name) {
    case undefined:
      return `elf${number}`;
    case "mips":
      return `mips${is64 ? "64" : ""}${isLittle ? "el" : ""}`;
    case "powerpc64":
      return isLittle ? "powerpc64le" : name;
    case "riscv":
    case "loongarch":
      return `${name}${is64 ? "64" : "32"}`;
    case "aarch64":
      return isLittle ? name : "aarch64_be";
    default:
      return name;
  }
}

/** Source: the supplements of each processor to the System V ABI. */
function abiOf(number: number, { is64, flags }: Header): string | undefined {
  switch (CPUS[number]) {
    case "arm":
      if (flags & EF_ARM_ABI_FLOAT_HARD) return "hard-float";
      return flags & EF_ARM_ABI_FLOAT_SOFT ? "soft-float" : undefined;
    case "x86_64":
    case "aarch64":
      return is64 ? undefined : CPUS[number] === "x86_64" ? "x32" : "ilp32";
    case "riscv":
      return ["soft-float", "single-float", "double-float", "quad-float"][(flags >> 1) & 3];
    case "mips":
      return flags & EF_MIPS_ABI2 ? "n32" : undefined;
    case "powerpc64":
      return (flags & 3) === 0 ? undefined : `ELFv${flags & 3}`;
    default:
      return undefined;
  }
}

function isOneOrTwo(byte: number): boolean {
  return byte === 1 || byte === 2;
}

const IDENT_BYTES = 16;
const HEADER_32_BYTES = 52;
const HEADER_64_BYTES = 64;
const ET_REL = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;
const EF_ARM_ABI_FLOAT_SOFT = 0x200;
const EF_ARM_ABI_FLOAT_HARD = 0x400;
const EF_MIPS_ABI2 = 0x20;
const PROGRAMS_MAX = 128;
const INTERPRETER_BYTES_MAX = 4096;

/** `EI_OSABI`; 0 and 3 are what Linux has. */
const OS_ABIS: Readonly<Record<number, string>> = {
  2: "netbsd",
  6: "solaris",
  9: "freebsd",
  12: "openbsd",
  64: "none",
  97: "none",
  255: "none",
};

const EM_BPF = 247;
const CPUS: Readonly<Record<number, string>> = {
  2: "sparc",
  3: "i686",
  4: "m68k",
  8: "mips",
  20: "powerpc",
  21: "powerpc64",
  22: "s390x",
  40: "arm",
  42: "sh4",
  43: "sparc64",
  50: "ia64",
  62: "x86_64",
  83: "avr",
  92: "or1k",
  93: "arc",
  94: "xtensa",
  105: "msp430",
  183: "aarch64",
  189: "microblaze",
  190: "cuda",
  224: "amdgpu",
  243: "riscv",
  [EM_BPF]: "bpf",
  258: "loongarch",
};

/** What runs beside an operating system, not under it: the kernel's own machine, graphics, controllers. */
const DEVICES: ReadonlySet<number> = new Set([83, 93, 94, 105, 189, 190, 224, EM_BPF]);
