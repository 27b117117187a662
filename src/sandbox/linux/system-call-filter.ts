import { Buffer } from "node:buffer";

/**
 * The seccomp program, as the kernel reads it, of what Nix refuses to builders: modes with setuid or
 * setgid (EPERM), and extended attributes (ENOTSUP). Undefined where this machine's processor is unknown.
 */
export function systemCallFilter(machine: string = process.arch): Buffer | undefined {
  const abis = ABIS[machine];
  if (!abis) return undefined;
  const sections = abis.map((abi) => ({ audit: abi.audit, code: sectionOf(abi) }));
  const program = [load(OFFSET_ARCH)];
  for (const { audit, code } of sections) program.push(jumpUnlessEqual(audit, code.length), ...code);
  program.push(answer(ALLOW));
  return Buffer.concat(program);
}

/** The numbers of one way to call the kernel. Mode argument by index, after the call that takes it. */
interface Abi {
  readonly audit: number;
  readonly modeCalls: readonly (readonly [call: number, argument: number])[];
  readonly attributeCalls: readonly number[];
}

function sectionOf({ modeCalls, attributeCalls }: Abi): Buffer[] {
  return [
    load(OFFSET_NUMBER),
    and(~X32_BIT >>> 0),
    ...modeCalls.flatMap(([call, argument]) => refuseSetuid(call, argument)),
    ...attributeCalls.flatMap((call) => [jumpUnlessEqual(call, 1), answer(ERRNO | ENOTSUP)]),
    answer(ALLOW),
  ];
}

function refuseSetuid(call: number, argument: number): Buffer[] {
  return [
    jumpUnlessEqual(call, 4),
    load(OFFSET_ARGUMENTS + 8 * argument),
    instruction(JUMP_IF_BITS, 0, 1, SETUID_OR_SETGID),
    answer(ERRNO | EPERM),
    answer(ALLOW),
  ];
}

const load = (offset: number): Buffer => instruction(LOAD_WORD, 0, 0, offset);
const and = (mask: number): Buffer => instruction(AND, 0, 0, mask);
const answer = (value: number): Buffer => instruction(RETURN, 0, 0, value);
const jumpUnlessEqual = (value: number, skip: number): Buffer => instruction(JUMP_IF_EQUAL, 0, skip, value);

/** `struct sock_filter`. */
function instruction(code: number, jumpTrue: number, jumpFalse: number, operand: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(jumpTrue, 2);
  bytes.writeUInt8(jumpFalse, 3);
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}

// Source: linux/bpf_common.h, linux/filter.h, linux/seccomp.h (struct seccomp_data), linux/audit.h.
const LOAD_WORD = 0x20;
const AND = 0x54;
const RETURN = 0x06;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_BITS = 0x45;
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARGUMENTS = 16;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOTSUP = 95;
const SETUID_OR_SETGID = 0o6000;
const X32_BIT = 0x40000000;

const FCHMODAT2 = 452;
const X86_64: Abi = {
  audit: 0xc000003e,
  modeCalls: [
    [90, 1],
    [91, 1],
    [268, 2],
    [FCHMODAT2, 2],
  ],
  attributeCalls: [188, 189, 190, 191, 192, 193],
};
const I386: Abi = {
  audit: 0x40000003,
  modeCalls: [
    [15, 1],
    [94, 1],
    [306, 2],
    [FCHMODAT2, 2],
  ],
  attributeCalls: [226, 227, 228, 229, 230, 231],
};
const AARCH64: Abi = {
  audit: 0xc00000b7,
  modeCalls: [
    [52, 1],
    [53, 2],
    [FCHMODAT2, 2],
  ],
  attributeCalls: [5, 6, 7, 8, 9, 10],
};
const ARM: Abi = {
  audit: 0x40000028,
  modeCalls: [
    [15, 1],
    [94, 1],
    [333, 2],
    [FCHMODAT2, 2],
  ],
  attributeCalls: [226, 227, 228, 229, 230, 231],
};
const ABIS: Readonly<Record<string, readonly Abi[]>> = { x64: [X86_64, I386], arm64: [AARCH64, ARM] };
