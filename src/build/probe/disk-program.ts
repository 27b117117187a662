import { Buffer } from "node:buffer";
import { EM_AARCH64, EM_RISCV, EM_X86_64, elf64, instructions } from "./elf-file.ts";

/**
 * A whole Linux program that writes what `statfs` says of the file system of `folder`, since no shell can ask that. Undefined
 * for a system that none is known for. Source: the system call tables of Linux.
 */
export function diskProgramFor(system: string, folder: string): Buffer | undefined {
  return PROGRAMS.get(system)?.(Buffer.from(`${folder}\0`));
}

/** The bytes that users may still fill, from what the program wrote; undefined where it could not ask. */
export function freeBytesOf(statfs: Buffer): number | undefined {
  if (statfs.length < STATFS_BYTES) return undefined;
  const bytes = statfs.readBigUInt64LE(BLOCK_SIZE_AT) * statfs.readBigUInt64LE(AVAILABLE_AT);
  return statfs.readBigUInt64LE(BLOCK_SIZE_AT) === 0n || bytes > BigInt(Number.MAX_SAFE_INTEGER)
    ? undefined
    : Number(bytes);
}

/** statfs(folder, stack); write(1, stack, size); exit(0) */
const PROGRAMS: ReadonlyMap<string, (folder: Buffer) => Buffer> = new Map([
  ["x86_64-linux", x86_64],
  ["aarch64-linux", aarch64],
  ["riscv64-linux", riscv64],
]);

function x86_64(folder: Buffer): Buffer {
  const code = Buffer.from(
    "4881ec80000000b889000000488d3d000000004889e60f05b801000000bf010000004889e6ba780000000f05b83c00000031ff0f05",
    "hex",
  );
  // `lea rdi, [rip + …]` counts from its own end.
  code.writeInt32LE(code.length - 19, 15);
  return elf64(EM_X86_64, Buffer.concat([code, folder]));
}

function aarch64(folder: Buffer): Buffer {
  const words = [
    0xd10203ff, // sub sp, sp, #128
    0xd2800568, // mov x8, #43 (statfs)
    0x10000160, // adr x0, #44: the folder, eleven instructions on
    0x910003e1, // mov x1, sp
    0xd4000001, // svc #0
    0xd2800808, // mov x8, #64 (write)
    0xd2800020, // mov x0, #1
    0x910003e1, // mov x1, sp
    0xd2800f02, // mov x2, #120
    0xd4000001, // svc #0
    0xd2800ba8, // mov x8, #93 (exit)
    0xd2800000, // mov x0, #0
    0xd4000001, // svc #0
  ];
  return elf64(EM_AARCH64, Buffer.concat([instructions(words), folder]));
}

function riscv64(folder: Buffer): Buffer {
  const words = [
    0xf8010113, // addi sp, sp, -128
    0x02b00893, // li a7, 43 (statfs)
    0x00000517, // auipc a0, 0
    0x03050513, // addi a0, a0, 48: the folder, twelve instructions after auipc
    0x00010593, // mv a1, sp
    0x00000073, // ecall
    0x04000893, // li a7, 64 (write)
    0x00100513, // li a0, 1
    0x00010593, // mv a1, sp
    0x07800613, // li a2, 120
    0x00000073, // ecall
    0x05d00893, // li a7, 93 (exit)
    0x00000513, // li a0, 0
    0x00000073, // ecall
  ];
  return elf64(EM_RISCV, Buffer.concat([instructions(words), folder]));
}

/** Of `struct statfs` on processors of 64 bits: its size, and where two of its fields are. */
const STATFS_BYTES = 120;
const BLOCK_SIZE_AT = 8;
const AVAILABLE_AT = 32;
