import assert from "node:assert/strict";
import { test } from "node:test";
import { systemCallFilter } from "#sandbox/linux/system-call-filter.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const ENOTSUP = 0x0005005f;
const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const AARCH64 = 0xc00000b7;

test("set-id modes are refused on every way to call the kernel, and other modes let through", () => {
  for (const [arch, call, argument] of [
    [X86_64, 90, 1],
    [X86_64, 91, 1],
    [X86_64, 268, 2],
    [X86_64, 452, 2],
    [I386, 15, 1],
    [I386, 306, 2],
  ] as const) {
    assert.equal(run("x64", { arch, call, argument, value: 0o4755 }), EPERM);
    assert.equal(run("x64", { arch, call, argument, value: 0o2755 }), EPERM);
    assert.equal(run("x64", { arch, call, argument, value: 0o1777 }), ALLOW);
  }
  assert.equal(run("arm64", { arch: AARCH64, call: 53, argument: 2, value: 0o4000 }), EPERM);
});

test("extended attributes are not supported, whichever numbers the caller uses", () => {
  for (let call = 188; call <= 193; call++) assert.equal(run("x64", { arch: X86_64, call }), ENOTSUP);
  for (let call = 226; call <= 231; call++) assert.equal(run("x64", { arch: I386, call }), ENOTSUP);
  for (let call = 5; call <= 10; call++) assert.equal(run("arm64", { arch: AARCH64, call }), ENOTSUP);
  assert.equal(run("x64", { arch: X86_64, call: 188 | 0x40000000 }), ENOTSUP);
});

test("all else is let through", () => {
  for (const call of [0, 1, 2, 59, 187, 194, 231, 435])
    assert.equal(run("x64", { arch: X86_64, call }), ALLOW);
  assert.equal(run("x64", { arch: AARCH64, call: 5 }), ALLOW);
  assert.equal(systemCallFilter("mips"), undefined);
});

interface Call {
  readonly arch: number;
  readonly call: number;
  readonly argument?: number;
  readonly value?: number;
}

/** Runs the program as the kernel would, on one call. */
function run(machine: string, { arch, call, argument = 0, value = 0 }: Call): number {
  const program = systemCallFilter(machine)!;
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call, 0);
  data.writeUInt32LE(arch, 4);
  data.writeUInt32LE(value, 16 + 8 * argument);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, yes, no, operand] = [
      program.readUInt16LE(at),
      program[at + 2]!,
      program[at + 3]!,
      program.readUInt32LE(at + 4),
    ];
    if (code === 0x20) accumulator = data.readUInt32LE(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) at += 8 * (accumulator === operand ? yes : no);
    else if (code === 0x45) at += 8 * ((accumulator & operand) !== 0 ? yes : no);
    else if (code === 0x06) return operand;
    else throw new Error(`Unknown instruction ${code}`);
  }
  throw new Error("The program ran off its end");
}
