import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BuildSite } from "#build/engine/site/site.ts";
import { machineSite } from "#main/build-sites.ts";
import { loadSettings } from "#main/load-settings.ts";

const program = fileURLToPath(new URL("../../bin/elsewhere", import.meta.url));

test("a builder that was prepared is connected once", async (t) => {
  const { site, started } = builder(t);
  await using prepared = site.prepare!();
  await using connected = await site.connect(AbortSignal.timeout(60_000));
  await prepared[Symbol.asyncDispose]();
  assert.deepEqual(await connected.store.queryValidPaths([]), new Set());
  assert.equal(started(), 1);
});

test("a builder that was prepared and not needed is let go, and can be connected later", async (t) => {
  const { site, started } = builder(t);
  await site.prepare!()[Symbol.asyncDispose]();
  await using _ = await site.connect(AbortSignal.timeout(60_000));
  assert.ok(started() >= 1);
});

/** A server of a store of its own on this machine, which counts its starts. */
function builder(t: TestContext): { site: BuildSite; started: () => number } {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-site-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, "serve");
  const serve = `exec ${program} serve --stdio --store ${folder}/store`;
  writeFileSync(script, `#!/bin/sh\necho started >> ${folder}/log\n${serve}\n`, { mode: 0o755 });
  writeFileSync(join(folder, "log"), "");
  const machine = {
    uri: `ssh-ng://localhost?remote-program=${script}`,
    systems: ["x86_64-linux"],
    maxJobs: 1,
    speedFactor: 1,
    supportedFeatures: [],
    mandatoryFeatures: [],
    enabled: true,
    source: { file: "machines", line: 1 },
  };
  const settings = loadSettings({ env: { ...process.env, NIX_CONF_DIR: folder } });
  return {
    site: machineSite(machine, settings),
    started: () => readFileSync(join(folder, "log"), "utf8").split("\n").length - 1,
  };
}
