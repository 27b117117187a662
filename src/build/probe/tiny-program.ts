import { Buffer } from "node:buffer";
import {
  BASE,
  EABI_5,
  ELF32_HEADERS_BYTES,
  EM_386,
  EM_AARCH64,
  EM_ARM,
  EM_RISCV,
  EM_X86_64,
  elf32,
  elf64,
  instructions,
} from "./elf-file.ts";

/**
 * A whole Linux program for the processor of a system, in some two hundred bytes: it prints the processor's name
 * and a line's end. Only that processor, or an emulator of it, can run it. Undefined for a system that none is
 * known for. Sources: System V ABI, "Object Files"; the system call tables of Linux.
 */
export function tinyProgramFor(system: string): Buffer | undefined {
  const cut = system.lastIndexOf("-");
  const machine = system.slice(0, cut);
  const make = system.slice(cut + 1) === "linux" ? PROGRAMS.get(machine) : undefined;
  return make?.(Buffer.from(`${machine}\n`));
}

type Assemble = (text: Buffer) => Buffer;

const PROGRAMS: ReadonlyMap<string, Assemble> = new Map<string, Assemble>([
  ["x86_64", x86_64],
  ["i686", i686],
  ["aarch64", aarch64],
  ["armv6l", arm],
  ["armv7l", arm],
  ["riscv64", riscv64],
]);

/** write(1, text, length); exit(0) */
function x86_64(text: Buffer): Buffer {
  const code = Buffer.from("b801000000bf01000000488d3500000000ba000000000f05b83c00000031ff0f05", "hex");
  // `lea rsi, [rip + …]` counts from its own end.
  code.writeInt32LE(code.length - 17, 13);
  code.writeInt32LE(text.length, 18);
  return elf64(EM_X86_64, Buffer.concat([code, text]));
}

function i686(text: Buffer): Buffer {
  const code = Buffer.from("b804000000bb01000000b900000000ba00000000cd80b80100000031dbcd80", "hex");
  code.writeUInt32LE(BASE + ELF32_HEADERS_BYTES + code.length, 11);
  code.writeInt32LE(text.length, 16);
  return elf32(EM_386, Buffer.concat([code, text]), 0);
}

function aarch64(text: Buffer): Buffer {
  const words = [
    0xd2800808, // mov x8, #64 (write)
    0xd2800020, // mov x0, #1
    0x100000c1, // adr x1, #24: the text, six instructions on
    0xd2800002 | (text.length << 5), // mov x2, #length
    0xd4000001, // svc #0
    0xd2800ba8, // mov x8, #93 (exit)
    0xd2800000, // mov x0, #0
    0xd4000001, // svc #0
  ];
  return elf64(EM_AARCH64, Buffer.concat([instructions(words), text]));
}

function arm(text: Buffer): Buffer {
  const words = [
    0xe3a07004, // mov r7, #4 (write)
    0xe3a00001, // mov r0, #1
    0xe28f1010, // add r1, pc, #16: the text, as pc is two instructions on
    0xe3a02000 | text.length, // mov r2, #length
    0xef000000, // svc 0
    0xe3a07001, // mov r7, #1 (exit)
    0xe3a00000, // mov r0, #0
    0xef000000, // svc 0
  ];
  return elf32(EM_ARM, Buffer.concat([instructions(words), text]), EABI_5);
}

function riscv64(text: Buffer): Buffer {
  const words = [
    0x04000893, // li a7, 64 (write)
    0x00100513, // li a0, 1
    0x00000597, // auipc a1, 0
    0x01c58593, // addi a1, a1, 28: the text, seven instructions after auipc
    0x00000613 | (text.length << 20), // li a2, length
    0x00000073, // ecall
    0x05d00893, // li a7, 93 (exit)
    0x00000513, // li a0, 0
    0x00000073, // ecall
  ];
  return elf64(EM_RISCV, Buffer.concat([instructions(words), text]));
}
