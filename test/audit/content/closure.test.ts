import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  MACH_ARM64,
  MACH_X86_64,
  makeArchive,
  makeElf,
  makeFat,
  makeMachO,
  makePe,
} from "../format/made-binaries.ts";
import { ClosureRig } from "./closure-rig.ts";

const LINUX = "x86_64-linux";
const MAC = "x86_64-darwin";
const elf = makeElf({ machine: 62, interpreter: "/lib64/ld-linux-x86-64.so.2" });
const arm = makeElf({ machine: 183, interpreter: "/lib/ld-linux-aarch64.so.1" });
const mac = makeMachO({ cpu: MACH_X86_64 });

test("an environment whose bin leads to a Mac's program is found, with the program", async (t) => {
  const rig = await ClosureRig.open(t);
  const nix = await rig.add("nix-2.34.7", { "bin/nix-store": mac }, { system: MAC });
  const root = await rig.add(
    "hydra-perl-deps",
    { "bin/nix-store": { link: `/nix/store/${nix}/bin/nix-store` } },
    { system: LINUX, references: [nix] },
  );
  const { findings } = await rig.audit(root);
  assert.deepEqual(
    findings.map(({ severity, message }) => ({ severity, message })),
    [
      {
        severity: "error",
        message:
          "hydra-perl-deps/bin/nix-store leads to nix-2.34.7, which is for x86_64-darwin (Mach-O x86_64); hydra-perl-deps is for x86_64-linux",
      },
    ],
  );
  assert.deepEqual(
    findings[0]!.route.map(({ name }) => name),
    ["hydra-perl-deps", "nix-2.34.7"],
  );
});

test("where nobody says what made a path, its programs tell what it is for", async (t) => {
  const rig = await ClosureRig.open(t);
  const untold = { told: false };
  const tool = await rig.add("tool-1.0", { "bin/tool": arm }, { system: "aarch64-linux", ...untold });
  const bash = await rig.add("bash-5.3", { "bin/bash": elf }, { system: LINUX, ...untold });
  const script = Buffer.from(`#!/nix/store/${tool}/bin/tool\n`);
  const root = await rig.add(
    "app-1.0",
    { "bin/app": elf, "bin/run": script },
    { system: LINUX, references: [tool, bash], ...untold },
  );
  const { findings } = await rig.audit(root);
  assert.deepEqual(
    findings.map(({ rule, message }) => `${rule}: ${message}`),
    [
      "foreign-program: app-1.0/bin/run is run by tool-1.0, which is for aarch64-linux (ELF aarch64); app-1.0 is for x86_64-linux",
    ],
  );
});

test("a program of another platform in an output's own bin is found, and counted", async (t) => {
  const rig = await ClosureRig.open(t);
  const root = await rig.add("vendor-1.0", { "bin/a": mac, "bin/b": mac, "bin/c": elf }, { system: LINUX });
  const { findings, files } = await rig.audit(root);
  assert.equal(files, 3);
  assert.equal(findings.length, 1);
  assert.match(
    findings[0]!.message,
    /^vendor-1\.0\/bin\/[ab] is Mach-O x86_64, and 1 more like it beside bin\/[ab]; this output is for x86_64-linux$/,
  );
});

test("what is carried as data is no finding", async (t) => {
  const rig = await ClosureRig.open(t);
  const root = await rig.add(
    "everything-1.0",
    {
      "bin/tool": elf,
      "lib/gcc/aarch64-unknown-linux-gnu/15/crti.o": makeElf({ machine: 183, type: 1 }),
      "aarch64-unknown-linux-gnu/lib/libc.so.6": makeElf({ machine: 183 }),
      "lib/node_modules/x/prebuilds/darwin-x64/x.node": mac,
      "lib/wine/x86_64-windows/kernel32.dll": makePe({ machine: 34404, dll: true }),
      "lib/firmware/wifi.elf": makeElf({ machine: 94, bits: 32 }),
      "share/qemu/efi.img": makePe({ machine: 43620, subsystem: 10 }),
      "lib/libcross.a": makeArchive(makeElf({ machine: 183, type: 1 })),
      "lib/x.wasm": Buffer.from("0061736d01000000", "hex"),
    },
    { system: LINUX },
  );
  const { findings, intended } = await rig.audit(root);
  assert.deepEqual(
    findings.map(({ message }) => message),
    [],
  );
  assert.deepEqual(
    intended.map(({ rule, count }) => ({ rule, count })),
    [{ rule: "foreign-data", count: 8 }],
  );
});

test("a fat program fits where one of its processors does, and Rosetta is a warning", async (t) => {
  const rig = await ClosureRig.open(t);
  const fat = await rig.add(
    "fat-1.0",
    { "bin/x": makeFat([MACH_X86_64, MACH_ARM64]) },
    { system: "aarch64-darwin" },
  );
  assert.deepEqual((await rig.audit(fat)).findings, []);
  const intel = await rig.add("intel-1.0", { "bin/x": mac }, { system: "aarch64-darwin" });
  const { findings } = await rig.audit(intel);
  assert.deepEqual(
    findings.map(({ severity, rule }) => `${severity} ${rule}`),
    ["warning translated"],
  );
});

test("streams of another store are looked into alike", async (t) => {
  const rig = await ClosureRig.open(t);
  const root = await rig.add("vendor-1.0", { "bin/a": mac, "bin/run": { link: "a" } }, { system: LINUX });
  const { store } = rig;
  // No store of this disk, so its NARs are read.
  const remote = new Proxy(store, {
    getPrototypeOf: () => Object.prototype,
    get: (_, name) => bound(store, name),
  });
  const { findings } = await rig.audit(root, remote);
  assert.equal(findings[0]!.message, "vendor-1.0/bin/a is Mach-O x86_64; this output is for x86_64-linux");
});

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === "function" ? value.bind(target) : value;
}
