import { Buffer } from "node:buffer";

export interface MadeElf {
  readonly machine: number;
  readonly bits?: 32 | 64;
  readonly big?: boolean;
  /** `ET_*`; 2 is a program, 3 a library, 1 an object. */
  readonly type?: number;
  readonly flags?: number;
  readonly osAbi?: number;
  readonly interpreter?: string;
}

/** An ELF file's first bytes, by the book: header, one program header, the loader's name. */
export function makeElf({
  machine,
  bits = 64,
  big = false,
  type = 3,
  flags = 0,
  osAbi = 0,
  interpreter,
}: MadeElf): Buffer {
  const is64 = bits === 64;
  const headerBytes = is64 ? 64 : 52;
  const programBytes = is64 ? 56 : 32;
  const name = interpreter === undefined ? Buffer.alloc(0) : Buffer.from(`${interpreter}\0`);
  const bytes = Buffer.alloc(headerBytes + programBytes + name.length);
  const put = (at: number, size: 1 | 2 | 4 | 8, value: number) => {
    if (size === 8)
      big ? bytes.writeBigUInt64BE(BigInt(value), at) : bytes.writeBigUInt64LE(BigInt(value), at);
    else if (big) bytes.writeUIntBE(value, at, size);
    else bytes.writeUIntLE(value, at, size);
  };
  bytes.write("\x7fELF", "latin1");
  put(4, 1, is64 ? 2 : 1);
  put(5, 1, big ? 2 : 1);
  put(6, 1, 1);
  put(7, 1, osAbi);
  put(16, 2, type);
  put(18, 2, machine);
  put(20, 4, 1);
  put(is64 ? 32 : 28, is64 ? 8 : 4, headerBytes);
  const tail = is64 ? 48 : 36;
  put(tail, 4, flags);
  put(tail + 4, 2, headerBytes);
  put(tail + 6, 2, programBytes);
  put(tail + 8, 2, interpreter === undefined ? 0 : 1);
  if (interpreter !== undefined) {
    const from = headerBytes + programBytes;
    put(headerBytes, 4, 3);
    put(headerBytes + (is64 ? 8 : 4), is64 ? 8 : 4, from);
    put(headerBytes + (is64 ? 32 : 16), is64 ? 8 : 4, name.length);
    name.copy(bytes, from);
  }
  return bytes;
}

/** A Mach-O program for one processor, with the load command that says for which of Apple's systems. */
export function makeMachO({
  cpu,
  type = 2,
  platform,
}: {
  cpu: number;
  type?: number;
  platform?: number;
}): Buffer {
  const command = platform === undefined ? Buffer.alloc(0) : words(0x32, 24, platform, 0, 0, 0);
  return Buffer.concat([
    words(0xfeedfacf, cpu, 0, type, command.length > 0 ? 1 : 0, command.length, 0, 0),
    command,
  ]);
}

/** A fat file's list of processors. */
export function makeFat(cpus: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 + cpus.length * 20);
  bytes.writeUInt32BE(0xcafebabe, 0);
  bytes.writeUInt32BE(cpus.length, 4);
  for (const [index, cpu] of cpus.entries()) bytes.writeInt32BE(cpu, 8 + index * 20);
  return bytes;
}

export function makePe({
  machine,
  dll = false,
  subsystem = 3,
}: {
  machine: number;
  dll?: boolean;
  subsystem?: number;
}): Buffer {
  const bytes = Buffer.alloc(0x80 + 24 + 112);
  bytes.write("MZ", "latin1");
  bytes.writeUInt32LE(0x80, 60);
  bytes.write("PE\0\0", 0x80, "latin1");
  bytes.writeUInt16LE(machine, 0x84);
  bytes.writeUInt16LE(112, 0x80 + 20);
  bytes.writeUInt16LE(dll ? 0x2022 : 0x0022, 0x80 + 22);
  bytes.writeUInt16LE(0x20b, 0x80 + 24);
  bytes.writeUInt16LE(subsystem, 0x80 + 24 + 68);
  return bytes;
}

/** An archive of System V, with its table of symbols before the object. */
export function makeArchive(object: Uint8Array): Buffer {
  const member = (name: string, contents: Uint8Array) =>
    Buffer.concat([
      Buffer.from(
        `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"644".padEnd(8)}${String(contents.length).padEnd(10)}\`\n`,
      ),
      contents,
      Buffer.alloc(contents.length % 2, "\n"),
    ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), member("/", Buffer.alloc(5)), member("x.o/", object)]);
}

export const MACH_X86_64 = 0x01000007;
export const MACH_ARM64 = 0x0100000c;

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
