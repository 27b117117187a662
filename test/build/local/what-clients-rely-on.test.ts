import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { OutputsSpec } from "#nix/derived-path.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { BuildRig, type RigOptions, withoutSandbox } from "./build-rig.ts";

const story = (name: string, tell: (rig: BuildRig) => Promise<void>, options: RigOptions = {}) =>
  test(name, { skip: withoutSandbox }, async () => {
    await using rig = await BuildRig.open(options);
    await tell(rig);
  });

const FLOATING = { kind: "floating", method: "nar", algorithm: "sha256" } as const;

story("what needs a floating output is known by its own derivation once it is built", async (rig) => {
  const below = await rig.add({ name: "below", script: "echo below > $out", output: FLOATING });
  const above = await rig.add({
    name: "above",
    script: "echo $below > $out",
    inputs: { below },
    output: { kind: "deferred" },
  });
  const { results } = await ask(rig, [above]);
  const path = results[0]!.builtOutputs.get("out")!.outPath;
  assert.equal((await rig.store.queryDerivationOutputMap(above)).get("out"), path);
});

story("an output that a derivation does not have is refused by its name", async (rig) => {
  const drv = await rig.add({ name: "one", script: "echo > $out" });
  const { results } = await ask(rig, [drv], ["other"]);
  assert.match(results[0]!.errorMessage, /one\.drv' does not have wanted outputs 'other'/);
});

story("a reference to itself needs to be allowed like any other", async (rig) => {
  const drv = await rig.add({ name: "self", script: "echo $out > $out", env: { allowedReferences: "" } });
  const { results } = await ask(rig, [drv]);
  assert.match(results[0]!.errorMessage, /not allowed to refer/);
});

story(
  "one failure is told once: what was stopped for it says nothing, and what needs it says how many failed",
  async (rig) => {
    const broken = await rig.add({ name: "a-broken", script: "exit 3" });
    const other = await rig.add({ name: "b-other", script: "echo > $out" });
    const above = await rig.add({ name: "c-above", script: "echo > $out", inputs: { broken } });
    const { results, messages } = await ask(rig, [broken, other, above]);
    assert.match(results[0]!.errorMessage, /exit code 3/);
    assert.equal(results[1]!.errorMessage, "");
    assert.match(
      results[2]!.errorMessage,
      /^1 dependencies of derivation '.*-c-above\.drv' failed to build$/,
    );
    assert.equal(messages.filter((text) => text.includes("exit code 3")).length, 1);
  },
  { settings: { maxJobs: 1 } },
);

test("the post-build-hook is told what was built, and its failure fails the build", {
  skip: withoutSandbox,
}, async () => {
  const dir = mkdtempSync(`${tmpdir()}/elsewhere-hook-`);
  try {
    const hook = `${dir}/hook`;
    writeFileSync(hook, `#!/bin/sh\necho "$DRV_PATH $OUT_PATHS" >> ${dir}/told\nexit 4\n`);
    chmodSync(hook, 0o755);
    await using rig = await BuildRig.open({ settings: { postBuildHook: hook } });
    const drv = await rig.add({ name: "hooked", script: "echo > $out" });
    const { results } = await ask(rig, [drv]);
    const print = (path: StorePath) => printStorePath(rig.store.storeDir, path);
    assert.equal(readFileSync(`${dir}/told`, "utf8"), `${print(drv)} ${print(rig.outputPath(drv))}\n`);
    assert.match(results[0]!.errorMessage, /post-build-hook, exited with status 4/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** Asks for outputs of several derivations at once; the results and all that was said. */
async function ask(rig: BuildRig, drvPaths: readonly StorePath[], outputs: OutputsSpec = "*") {
  const messages: string[] = [];
  const log = (event: LogEvent) => {
    if (event.kind === "message") messages.push(event.text);
  };
  const results = await rig.realiser.buildPaths(
    drvPaths.map((drvPath) => ({ kind: "built", drvPath, outputs })),
    { mode: "normal", settings: {}, signal: new AbortController().signal, log },
  );
  return { results, messages };
}
