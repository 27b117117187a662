import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import { type ProbeOutcome, probe } from "#build/probe/probe.ts";
import { isNative, parseProbeReport } from "#build/probe/probe-report.ts";
import { tinyProgramFor } from "#build/probe/tiny-program.ts";
import type { Store } from "#store/store.ts";
import { BuildRig, withoutSandbox } from "../local/build-rig.ts";

const here = process.arch === "x64" ? "x86_64-linux" : "aarch64-linux";
const foreign = process.arch === "x64" ? "aarch64-linux" : "x86_64-linux";
const skip = withoutSandbox;

async function asked(
  t: TestContext,
  question: { system: string; features?: readonly string[]; trusted?: boolean; home?: Store },
  settings: NonNullable<Parameters<typeof BuildRig.open>[0]>["settings"] = {},
): Promise<ProbeOutcome> {
  const rig = await BuildRig.open({ settings: { system: here, ...settings } });
  t.after(() => rig[Symbol.asyncDispose]());
  const { store, realiser } = rig;
  const site: ConnectedSite = {
    store,
    realiser,
    trusted: question.trusted ?? true,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return await probe(site, {
    features: [],
    ...question,
    nonce: randomUUID(),
    clock: systemClock,
    signal: new AbortController().signal,
  });
}

test("a probe is built, runs its program, and says which processor that was", { skip }, async (t) => {
  const outcome = await asked(t, { system: here });
  assert.equal(outcome.kind, "built");
  assert.equal(`${outcome.report.machine}-linux`, here);
  assert.equal(isNative(outcome.report, here) ?? true, true);
  assert.equal(outcome.report.kvmUsable, undefined);
  assert.equal(outcome.report.cores, cpus().length);
  assert.equal(outcome.report.memoryBytes, totalmem());
  assert.ok(outcome.report.freeMemoryBytes! > 0 && outcome.report.freeMemoryBytes! < totalmem());
  const { bavail, bsize } = statfsSync(tmpdir());
  const ratio = outcome.report.freeDiskBytes! / (bavail * bsize);
  assert.ok(ratio > 0.5 && ratio < 2, `${outcome.report.freeDiskBytes} of ${bavail * bsize}`);
  const [asked_, built] = outcome.betweenMs;
  assert.ok(outcome.builderSaysMs! >= asked_ - 1000 && outcome.builderSaysMs! <= built);
});

test("a builder that does not trust us builds it from the derivation's file", { skip }, async (t) => {
  assert.equal((await asked(t, { system: here, trusted: false })).kind, "built");
});

test("what was built comes home", { skip }, async (t) => {
  const rig = await BuildRig.open();
  t.after(() => rig[Symbol.asyncDispose]());
  const outcome = await asked(t, { system: here, home: rig.store });
  assert.equal(outcome.kind, "built");
  assert.equal((await rig.store.queryValidPaths([outcome.info.path])).size, 1);
});

test("a system that is claimed and cannot be run is found out, not believed", { skip }, async (t) => {
  const outcome = await asked(t, { system: foreign }, { extraPlatforms: [foreign] });
  assert.equal(outcome.kind, "built");
  assert.equal(outcome.report.machine, "");
});

test("a system or a feature that the builder does not have is an outcome", { skip }, async (t) => {
  const system = await asked(t, { system: "m68k-linux" });
  assert.match(system.kind === "failed" ? system.message : "", /m68k-linux/);
  const feature = await asked(t, { system: here, features: ["no-such-feature"] });
  assert.match(feature.kind === "failed" ? feature.message : "", /no-such-feature/);
});

test("tiny programs run on this processor and print its name", { skip: process.platform !== "linux" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-tiny-"));
  try {
    const file = join(folder, "program");
    writeFileSync(file, tinyProgramFor(here)!, { mode: 0o755 });
    assert.equal(`${execFileSync(file, { encoding: "utf8" }).trim()}-linux`, here);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("there is no tiny program for what is not Linux", () => {
  assert.equal(tinyProgramFor("aarch64-darwin"), undefined);
  assert.equal(tinyProgramFor("builtin"), undefined);
});

test("a report's first words count, and others mean nothing", () => {
  const report = parseProbeReport(
    Buffer.from(
      "nonce a b\nmachine x86_64\nkvm unusable\nmachine other\nnews \ncores x\nmemory 2\ndisk\nshort",
    ),
  );
  assert.deepEqual(report, {
    nonce: "a b",
    machine: "x86_64",
    kernel: undefined,
    kvmUsable: false,
    cores: undefined,
    memoryBytes: 2048,
    freeMemoryBytes: undefined,
    freeDiskBytes: undefined,
  });
  assert.equal(isNative({ ...report, kernel: "x86_64" }, "i686-linux"), true);
  assert.equal(isNative({ ...report, kernel: "x86_64" }, "aarch64-linux"), false);
  assert.equal(isNative(report, "aarch64-linux"), undefined);
});
