import { Buffer } from "node:buffer";

/** Instructions of a processor that has words of four bytes. */
export function instructions(words: readonly number[]): Buffer {
  const code = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) code.writeUInt32LE(word >>> 0, index * 4);
  return code;
}

/** An executable whose one segment is the whole file. */
export function elf64(machine: number, code: Buffer): Buffer {
  const size = ELF64_HEADERS_BYTES + code.length;
  const head = Buffer.alloc(ELF64_HEADERS_BYTES);
  head.write("7f454c46020101", 0, "hex");
  head.writeUInt16LE(ET_EXEC, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(BigInt(BASE + ELF64_HEADERS_BYTES), 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(PT_LOAD, 64);
  head.writeUInt32LE(READ_AND_RUN, 68);
  head.writeBigUInt64LE(BigInt(BASE), 80);
  head.writeBigUInt64LE(BigInt(BASE), 88);
  head.writeBigUInt64LE(BigInt(size), 96);
  head.writeBigUInt64LE(BigInt(size), 104);
  head.writeBigUInt64LE(ALIGNMENT, 112);
  return Buffer.concat([head, code]);
}

/** The same for a processor of 32 bits. */
export function elf32(machine: number, code: Buffer, flags: number): Buffer {
  const size = ELF32_HEADERS_BYTES + code.length;
  const head = Buffer.alloc(ELF32_HEADERS_BYTES);
  head.write("7f454c46010101", 0, "hex");
  head.writeUInt16LE(ET_EXEC, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(BASE + ELF32_HEADERS_BYTES, 24);
  head.writeUInt32LE(52, 28);
  head.writeUInt32LE(flags, 36);
  head.writeUInt16LE(52, 40);
  head.writeUInt16LE(32, 42);
  head.writeUInt16LE(1, 44);
  head.writeUInt32LE(PT_LOAD, 52);
  head.writeUInt32LE(BASE, 60);
  head.writeUInt32LE(BASE, 64);
  head.writeUInt32LE(size, 68);
  head.writeUInt32LE(size, 72);
  head.writeUInt32LE(READ_AND_RUN, 76);
  head.writeUInt32LE(Number(ALIGNMENT), 80);
  return Buffer.concat([head, code]);
}

/** The file's header and the one of its segment. */
const ELF64_HEADERS_BYTES = 64 + 56;
export const ELF32_HEADERS_BYTES = 52 + 32;
/** Where the segment lies in memory. */
export const BASE = 0x400000;
/** Above the pages of any of these processors. */
const ALIGNMENT = 0x10000n;
const ET_EXEC = 2;
const PT_LOAD = 1;
const READ_AND_RUN = 5;
export const EM_386 = 3;
export const EM_ARM = 40;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;
export const EM_RISCV = 243;
export const EABI_5 = 0x05000000;
