import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphRig, type Told } from "./graph-rig.ts";

/** A consumer and an input that cross as they should, and the rule that says why. */
interface Case {
  readonly title: string;
  readonly rule: string;
  readonly consumer: readonly [name: string, told: Omit<Told, "takes">];
  readonly input: readonly [name: string, told: Told];
  readonly attribute: string;
}

const LINUX = { system: "x86_64-linux" };
const ARM = { system: "aarch64-linux" };
const MAC = { system: "aarch64-darwin" };

const CASES: readonly Case[] = [
  {
    title: "a fetch that a Mac makes for Linux",
    rule: "fixed-output",
    consumer: ["hello-2.12", LINUX],
    input: ["hello-2.12.tar.gz", { ...MAC, fixed: true }],
    attribute: "src",
  },
  {
    title: "32-bit parts of a 64-bit program",
    rule: "native",
    consumer: ["wine-11", LINUX],
    input: ["wine-32-11", { system: "i686-linux" }],
    attribute: "buildInputs",
  },
  {
    title: "a micro-architecture level",
    rule: "native",
    consumer: ["app-1.0", LINUX],
    input: ["openblas-0.3", { system: "x86_64-v3-linux" }],
    attribute: "buildInputs",
  },
  {
    title: "a Linux system in a Mac's virtual machine",
    rule: "image",
    consumer: ["run-nixos-vm", MAC],
    input: ["nixos-system-builder-26.11", ARM],
    attribute: "text",
  },
  {
    title: "a closure that is packed into an image",
    rule: "image",
    consumer: ["make-image", LINUX],
    input: ["app-1.0", ARM],
    attribute: "exportReferencesGraph",
  },
  {
    title: "firmware within an image",
    rule: "image",
    consumer: ["nixos-system-box-26.11", LINUX],
    input: ["ubootRaspberryPi4-2026.01", ARM],
    attribute: "text",
  },
  {
    title: "a script of a Mac that speaks of Linux",
    rule: "guest",
    consumer: ["notes-1.0", MAC],
    input: ["app-1.0", ARM],
    attribute: "text",
  },
  {
    title: "a Mac's job in a set of jobs that Linux gathers",
    rule: "listed",
    consumer: ["release-26.11", LINUX],
    input: ["hello-2.12", MAC],
    attribute: "constituents",
  },
  {
    title: "WebAssembly",
    rule: "bare",
    consumer: ["site-1.0", LINUX],
    input: ["viewer-1.0", { system: "wasm32-wasi" }],
    attribute: "buildInputs",
  },
  {
    title: "what another machine has cross compiled for this one",
    rule: "cross",
    consumer: ["system-path", ARM],
    input: ["htop-aarch64-unknown-linux-gnu-3.4", LINUX],
    attribute: "paths",
  },
];

for (const { title, rule, consumer, input, attribute } of CASES)
  test(`${title} is as it should be`, async () => {
    const rig = new GraphRig();
    rig.derive(...input);
    rig.derive(consumer[0], { ...consumer[1], takes: { [attribute]: [input[0]] } });
    const { findings, intended } = await rig.audit(consumer[0]);
    assert.deepEqual(
      findings.map(({ message }) => message),
      [],
    );
    assert.deepEqual(
      intended.map((one) => one.rule),
      [rule],
    );
  });

test("what anybody fetches is of no platform", async () => {
  const rig = new GraphRig();
  rig.derive("x.tar.gz", { system: "builtin", builder: "builtin:fetchurl", fixed: true });
  rig.derive("x-1.0", { ...MAC, takes: { src: ["x.tar.gz"] } });
  const { findings, intended } = await rig.audit("x-1.0");
  assert.deepEqual([findings, intended], [[], []]);
});

test("a tool that is named for its target is native", async () => {
  const rig = new GraphRig();
  const native = rig.stdenv("linux", "x86_64-linux");
  rig.derive("aarch64-unknown-linux-gnu-gcc-15.2.0", { ...LINUX, takes: { stdenv: [native] } });
  rig.derive("hello-aarch64-unknown-linux-gnu-2.12", {
    ...LINUX,
    takes: { stdenv: [native], depsBuildBuild: ["aarch64-unknown-linux-gnu-gcc-15.2.0"] },
  });
  const { findings } = await rig.audit("hello-aarch64-unknown-linux-gnu-2.12");
  assert.deepEqual(findings, []);
});
