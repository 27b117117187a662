import assert from "node:assert/strict";
import { test } from "node:test";
import { GraphRig, inShort } from "./graph-rig.ts";

const LINUX = "x86_64-linux";
const ARM = "aarch64-linux";
const MAC = "aarch64-darwin";

test("the edge that others lead to is named first, and counted with all that it spoils", async () => {
  const rig = new GraphRig();
  rig.derive("nix-2.34.7", { system: "x86_64-darwin" });
  rig.derive("hydra-perl-deps", { system: LINUX, takes: { paths: ["nix-2.34.7"] } });
  rig.derive("hydra-0.1", { system: LINUX, takes: { buildInputs: ["hydra-perl-deps", "nix-2.34.7"] } });
  rig.derive("unit-hydra-server.service", { system: LINUX, takes: { text: ["hydra-0.1"] } });
  rig.derive("nixos-system-box-26.11", { system: LINUX, takes: { units: ["unit-hydra-server.service"] } });
  const report = await rig.audit("nixos-system-box-26.11");
  assert.deepEqual(inShort(report), ["error foreign-member: hydra-perl-deps, hydra-0.1 <- nix-2.34.7"]);
  const [finding] = report.findings;
  assert.equal(finding!.spoiled, 4);
  assert.deepEqual(
    finding!.route.map(({ name }) => name),
    ["nixos-system-box-26.11", "unit-hydra-server.service", "hydra-0.1", "hydra-perl-deps", "nix-2.34.7"],
  );
  assert.match(finding!.advice, /'hydra\.override \{ nix = …; \}', services\.hydra\.package/);
});

test("several things that one environment takes are one finding", async () => {
  const rig = new GraphRig();
  for (const name of ["git-2.54", "vim-9.1", "htop-3.4"]) rig.derive(name, { system: MAC });
  rig.derive("system-path", { system: LINUX, takes: { paths: ["git-2.54", "vim-9.1", "htop-3.4"] } });
  const report = await rig.audit("system-path");
  assert.equal(report.findings.length, 1);
  assert.equal(
    report.findings[0]!.message,
    "system-path is for x86_64-linux, and takes git-2.54, vim-9.1 and htop-3.4, which are for aarch64-darwin",
  );
});

for (const [attribute, rule] of [
  ["builder", "foreign-program"],
  ["nativeBuildInputs", "foreign-program"],
  ["stdenv", "foreign-program"],
  ["buildInputs", "foreign-library"],
  ["paths", "foreign-member"],
  ["text", "foreign-reference"],
  ["src", "foreign-source"],
] as const)
  test(`a Mac's output as ${attribute} of a Linux derivation is ${rule}`, async () => {
    const rig = new GraphRig();
    rig.derive("tool", { system: MAC });
    rig.derive("image", { system: LINUX, takes: { [attribute]: ["tool"] } });
    assert.deepEqual(inShort(await rig.audit("image")), [`error ${rule}: image <- tool`]);
  });

test("a package of another processor is a mistake, wherever it is taken", async () => {
  for (const attribute of ["builder", "buildInputs", "paths", "text"]) {
    const rig = new GraphRig();
    rig.derive("htop-3.4", { system: LINUX });
    rig.derive("system-path", { system: ARM, takes: { [attribute]: ["htop-3.4"] } });
    const [found] = inShort(await rig.audit("system-path"));
    assert.match(found!, /^error foreign-\w+: system-path <- htop-3\.4$/);
  }
});

test("a kernel of another processor is no cargo for the system that boots it", async () => {
  const rig = new GraphRig();
  rig.derive("linux-6.18.7", { system: ARM });
  rig.derive("nixos-system-box-26.11", { system: LINUX, takes: { kernel: ["linux-6.18.7"] } });
  assert.deepEqual(inShort(await rig.audit("nixos-system-box-26.11")), [
    "error foreign-reference: nixos-system-box-26.11 <- linux-6.18.7",
  ]);
});

test("one derivation that says another system than all around it is named itself", async () => {
  const rig = new GraphRig();
  for (const name of ["bash-5.3", "zlib-1.3", "stdenv-x"]) rig.derive(name, { system: LINUX });
  rig.derive("patched-1.0", {
    system: ARM,
    takes: { builder: ["bash-5.3"], stdenv: ["stdenv-x"], buildInputs: ["zlib-1.3"] },
  });
  rig.derive("app-1.0", { system: LINUX, takes: { buildInputs: ["patched-1.0"], stdenv: ["stdenv-x"] } });
  const { findings } = await rig.audit("app-1.0");
  assert.equal(findings.length, 1);
  assert.equal(findings[0]!.rule, "foreign-derivation");
  assert.equal(
    findings[0]!.message,
    "patched-1.0 is for aarch64-linux, and all around it is for x86_64-linux",
  );
});

test("a builder that only a Mac has is found in a Linux derivation", async () => {
  const rig = new GraphRig();
  rig.derive("image", { system: LINUX, builder: "/opt/homebrew/bin/bash" });
  assert.deepEqual(inShort(await rig.audit("image")), ["error host-builder: image"]);
});

test("what a Mac runs, compiles with or puts into its environment must be for it", async () => {
  const found = async (attribute: string) => {
    const rig = new GraphRig();
    rig.derive("jq-1.8", { system: ARM });
    rig.derive("thing", { system: MAC, takes: { [attribute]: ["jq-1.8"] } });
    return inShort(await rig.audit("thing"));
  };
  assert.deepEqual(await found("nativeBuildInputs"), ["error foreign-program: thing <- jq-1.8"]);
  assert.deepEqual(await found("buildInputs"), ["error foreign-library: thing <- jq-1.8"]);
  assert.deepEqual(await found("paths"), ["warning foreign-member: thing <- jq-1.8"]);
  assert.deepEqual(await found("text"), []);
});

test("an environment that 'builtin' makes is for what most in it is for", async () => {
  const rig = new GraphRig();
  for (const name of ["git-2.54", "vim-9.1"]) rig.derive(name, { system: LINUX });
  rig.derive("htop-3.4", { system: MAC });
  rig.derive("user-environment", {
    system: "builtin",
    builder: "builtin:buildenv",
    takes: { derivations: ["git-2.54", "vim-9.1", "htop-3.4"] },
  });
  assert.deepEqual(inShort(await rig.audit("user-environment")), [
    "error foreign-member: user-environment <- htop-3.4",
  ]);
});

test("a native library linked into what is cross compiled has leaked in", async () => {
  const rig = new GraphRig();
  const native = rig.stdenv("linux", LINUX);
  const cross = rig.stdenv("cross", LINUX);
  rig.derive("zlib-1.3", { system: LINUX, takes: { stdenv: [native] } });
  rig.derive("bison-3.8", { system: LINUX, takes: { stdenv: [native] } });
  rig.derive("setup-hook", { system: LINUX, takes: { stdenv: [native] } });
  rig.derive("app-aarch64-unknown-linux-gnu-1.0", {
    system: LINUX,
    takes: { stdenv: [cross], nativeBuildInputs: ["bison-3.8"], buildInputs: ["zlib-1.3", "setup-hook"] },
  });
  assert.deepEqual(inShort(await rig.audit("app-aarch64-unknown-linux-gnu-1.0")), [
    "error cross-leak: app-aarch64-unknown-linux-gnu-1.0 <- zlib-1.3",
  ]);
});

test("a native program among cross compiled ones in an environment has leaked in", async () => {
  const rig = new GraphRig();
  const native = rig.stdenv("linux", LINUX);
  const cross = rig.stdenv("cross", LINUX);
  const crossed = ["git", "vim", "htop"].map((name) => `${name}-aarch64-unknown-linux-gnu-1.0`);
  for (const name of crossed) rig.derive(name, { system: LINUX, takes: { stdenv: [cross] } });
  rig.derive("tmux-3.5", { system: LINUX, takes: { stdenv: [native] } });
  rig.derive("system-path", { system: LINUX, takes: { paths: [...crossed, "tmux-3.5"] } });
  assert.deepEqual(inShort(await rig.audit("system-path")), ["error cross-leak: system-path <- tmux-3.5"]);
});

test("Rosetta is a warning", async () => {
  const rig = new GraphRig();
  rig.derive("tool-1.0", { system: "x86_64-darwin" });
  rig.derive("darwin-system-path", { system: MAC, takes: { paths: ["tool-1.0"] } });
  assert.deepEqual(inShort(await rig.audit("darwin-system-path")), [
    "warning translated: darwin-system-path <- tool-1.0",
  ]);
});

test("a system that would move the cursor is shown without its power", async () => {
  const rig = new GraphRig();
  rig.derive("odd-1.0", { system: "\x1b[2Jdarwin" });
  rig.derive("app-1.0", { system: LINUX, takes: { buildInputs: ["odd-1.0"] } });
  const report = await rig.audit("app-1.0");
  assert.equal(report.findings.length, 1);
  assert.ok(!JSON.stringify([report, [...report.platforms]]).includes("\\u001b"));
});
