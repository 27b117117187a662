import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { processorFacts } from "#transport/processor-facts.ts";
import { fastSshEnvironment } from "#transport/ssh-environment.ts";
import { SshHost } from "#transport/ssh-host.ts";

const AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n";
const TUNABLE = "glibc.cpu.x86_rep_movsb_threshold=4294967296";

test("on a processor of AMD, ssh is told how to copy, and all else that we were", () => {
  assert.deepEqual(fastSshEnvironment(AMD, { HOME: "/home/alice" }), {
    HOME: "/home/alice",
    GLIBC_TUNABLES: TUNABLE,
  });
});

test("what a person told glibc stands", () => {
  assert.equal(fastSshEnvironment(AMD, { GLIBC_TUNABLES: "glibc.malloc.check=3" }), undefined);
});

test("on other processors, and where nothing is known of them, ssh gets our own environment", () => {
  for (const facts of [AMD.replace("AuthenticAMD", "GenuineIntel"), "CPU implementer\t: 0x41\n", ""])
    assert.equal(fastSshEnvironment(facts, {}), undefined);
});

test("each session's ssh gets that environment", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-ssh-environment-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "ssh");
  // One that shares connections by the person's own configuration, and prints what it was given.
  const asked = `[ "$1" = -G ] && { echo "controlpath /tmp/own"; exit; }`;
  writeFileSync(program, `#!/bin/sh\n${asked}\necho "$HOME:$GLIBC_TUNABLES"\n`);
  chmodSync(program, 0o755);
  await using host = new SshHost({ host: "builder", program });
  await using session = await host.openSession(["true"], { peer: "ssh://builder" });
  const said = Buffer.concat(await Array.fromAsync(session.source)).toString();
  const env = fastSshEnvironment(await processorFacts(), process.env) ?? process.env;
  assert.equal(said, `${env.HOME ?? ""}:${env.GLIBC_TUNABLES ?? ""}\n`);
});
