import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeBinary } from "#audit/format/binary.ts";
import { HEAD_BYTES, readBinary } from "#audit/format/read-binary.ts";
import { fuzz } from "#rig/fuzz.ts";
import {
  MACH_ARM64,
  MACH_X86_64,
  makeArchive,
  makeElf,
  makeFat,
  makeMachO,
  makePe,
} from "./made-binaries.ts";

/** Format, kind and platforms in short. */
function read(bytes: Uint8Array): string | undefined {
  const binary = readBinary(bytes);
  if (!binary) return undefined;
  const machines = binary.machines.map(({ platform, bits, endian, abi }) =>
    [platform.text, bits, endian, ...(abi ? [abi] : [])].join(" "),
  );
  return [
    `${binary.format} ${binary.kind}`,
    ...machines,
    ...(binary.interpreter ? [binary.interpreter] : []),
  ].join("; ");
}

test("this very program is an ELF or Mach-O for this machine", { skip: process.platform === "win32" }, () => {
  const binary = readBinary(readFileSync(process.execPath).subarray(0, HEAD_BYTES));
  const cpu = { x64: "x86_64", arm64: "aarch64" }[process.arch as string] ?? process.arch;
  assert.ok(binary!.machines.some(({ platform }) => platform.text === `${cpu}-${process.platform}`));
  assert.equal(binary!.kind, "executable");
});

const ELVES = [
  [
    { machine: 62, interpreter: "/lib64/ld-linux-x86-64.so.2" },
    "ELF executable; x86_64-linux 64 little; /lib64/ld-linux-x86-64.so.2",
  ],
  [{ machine: 62 }, "ELF library; x86_64-linux 64 little"],
  [{ machine: 62, bits: 32 }, "ELF library; x86_64-linux 32 little x32"],
  [{ machine: 3, bits: 32, type: 2 }, "ELF executable; i686-linux 32 little"],
  [{ machine: 183, type: 1 }, "ELF object; aarch64-linux 64 little"],
  [{ machine: 40, bits: 32, type: 2, flags: 0x5000400 }, "ELF executable; arm-linux 32 little hard-float"],
  [{ machine: 8, bits: 32, big: true, type: 2 }, "ELF executable; mips-linux 32 big"],
  [{ machine: 21, flags: 2, type: 2 }, "ELF executable; powerpc64le-linux 64 little ELFv2"],
  [{ machine: 22, big: true, type: 2 }, "ELF executable; s390x-linux 64 big"],
  [{ machine: 243, flags: 5, type: 2 }, "ELF executable; riscv64-linux 64 little double-float"],
  [{ machine: 62, osAbi: 9, type: 2 }, "ELF executable; x86_64-freebsd 64 little"],
  [{ machine: 247, type: 1 }, "ELF object; bpf-none 64 little"],
] as const;

for (const [made, said] of ELVES)
  test(`an ELF is read as ${said}`, () => {
    assert.equal(read(makeElf(made)), said);
  });

test("Mach-O is read for one processor and for several, and a Java class is neither", () => {
  assert.equal(read(makeMachO({ cpu: MACH_X86_64 })), "Mach-O executable; x86_64-darwin 64 little");
  assert.equal(
    read(makeMachO({ cpu: MACH_ARM64, type: 6, platform: 1 })),
    "Mach-O library; aarch64-darwin 64 little",
  );
  assert.equal(read(makeMachO({ cpu: MACH_ARM64, platform: 2 })), "Mach-O executable; aarch64-ios 64 little");
  const fat = makeFat([MACH_X86_64, MACH_ARM64]);
  assert.equal(read(fat), "Mach-O executable; x86_64-darwin 64 little; aarch64-darwin 64 little");
  assert.equal(describeBinary(readBinary(fat)!), "Mach-O x86_64 aarch64");
  assert.equal(read(Buffer.from("cafebabe0000003d0010", "hex")), undefined);
});

test("programs of Windows and of UEFI are told apart", () => {
  assert.equal(read(makePe({ machine: 34404 })), "PE executable; x86_64-windows 64 little");
  assert.equal(read(makePe({ machine: 332, dll: true })), "PE library; i686-windows 32 little");
  assert.equal(read(makePe({ machine: 43620, subsystem: 10 })), "PE firmware; aarch64-none 64 little");
});

test("archives are for what their first object is for", () => {
  const object = makeElf({ machine: 183, type: 1 });
  assert.equal(read(makeArchive(object)), "archive object; aarch64-linux 64 little");
  assert.equal(read(makeArchive(Buffer.from("no object"))), "archive object");
});

test("scripts name who runs them", () => {
  assert.equal(
    read(Buffer.from("#! /nix/store/x/bin/bash -e\necho")),
    "script script; /nix/store/x/bin/bash",
  );
  assert.equal(
    read(Buffer.from("#!/usr/bin/env /nix/store/x/bin/perl\n")),
    "script script; /nix/store/x/bin/perl",
  );
  assert.equal(read(Buffer.from("#!perl\n")), undefined);
});

test("WebAssembly is for no operating system", () => {
  assert.equal(read(Buffer.from("0061736d01000000", "hex")), "wasm other; wasm32-wasi 32 little");
});

test("what ends anywhere is read or is nothing", () => {
  const whole = [
    makeElf({ machine: 62, interpreter: "/lib/ld.so" }),
    makeFat([MACH_X86_64]),
    makePe({ machine: 34404 }),
    makeArchive(makeElf({ machine: 62, type: 1 })),
  ];
  for (const bytes of whole)
    for (let length = 0; length <= bytes.length; length++) readBinary(bytes.subarray(0, length));
});

test("noise and broken headers are read or are nothing", async (t) => {
  await fuzz(t, {
    name: "binary",
    decode: (bytes) => readBinary(bytes),
    seeds: [
      makeElf({ machine: 62, interpreter: "/lib/ld.so" }),
      makeElf({ machine: 8, bits: 32, big: true }),
      makeMachO({ cpu: MACH_ARM64, platform: 1 }),
      makeFat([MACH_X86_64, MACH_ARM64]),
      makePe({ machine: 34404 }),
      makeArchive(makeElf({ machine: 62, type: 1 })),
      "#!/bin/sh\n",
    ],
  });
});
