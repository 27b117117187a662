import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { escapeForPrintf } from "#build/remote/dictated-stream.ts";
import { openDictation } from "#build/remote/dictation.ts";
import type { SendingLine } from "#build/remote/sending-line.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { type Sshd, startSshd, withoutSshd } from "#rig/sshd.ts";
import { processesWithEnvironment } from "#sandbox/process-tree.ts";
import { addAll, chainOf, fileSample, type Sample } from "../../store/local/local-rig.ts";
import { LineRig } from "./line-rig.ts";

for (const scheme of ["ssh-ng", "ssh"])
  test(`paths go from a builder to another store by ${scheme} while their contents do not pass us`, async (t) => {
    const rig = await LineRig.make(t);
    const samples = [...chainOf(7), fileSample("noise", randomBytes(300_000).toString("hex"))];
    await addAll(rig.from, samples);
    await using line = await open(rig, scheme);
    // The second time over the line that stands.
    await line.send(infosOf(samples.slice(0, 3)));
    await line.send(infosOf(samples.slice(3)));
    const arrived = await rig.to.queryPathInfos(pathsOf(samples));
    assert.deepEqual(
      samples.map(({ info }) => arrived.get(info.path)?.narHash),
      samples.map(({ info }) => info.narHash),
    );
    assert.ok(rig.bytesToBuilder < 20_000, `${rig.bytesToBuilder} bytes`);
    assert.equal(await rig.to.verify({ checkContents: true, repair: false }), false);
  });

test("any byte is said as it is", () => {
  const said = (bytes: Uint8Array) =>
    execFileSync("sh", ["-c", 'read -r what text; printf "$text"'], {
      input: `say ${escapeForPrintf(bytes)}\n`,
      maxBuffer: 1 << 20,
    });
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  assert.deepEqual(said(all), all);
  const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) =>
    assert.deepEqual(said(bytes), Buffer.from(bytes)),
  );
  fc.assert(property, { numRuns: 30 });
});

test("what the other store refuses is an error in its words, and the line is not used again", async (t) => {
  const rig = await LineRig.make(t);
  const [sample, other] = [fileSample("one", "1"), fileSample("two", "2")];
  await addAll(rig.from, [sample]);
  await using line = await open(rig);
  const lie = { ...sample.info, narHash: other.info.narHash };
  await assert.rejects(line.send([lie]), /hash/);
  assert.equal((await rig.to.queryValidPaths([sample.info.path])).size, 0);
});

for (const { who, script } of [
  { who: "the builder's own store", script: "nix-store" },
  { who: "the other store", script: "other" },
])
  test(`when ${who} is killed in mid-copy, the sending fails and nothing stays behind`, async (t) => {
    const rig = await LineRig.make(t);
    const samples = chainOf(3);
    await addAll(rig.from, samples);
    await using line = await open(rig);
    // It stands still with a path on its way.
    process.kill(rig.pidOf(script), "SIGSTOP");
    const sending = line.send(infosOf(samples));
    process.kill(rig.pidOf(script), "SIGKILL");
    await assert.rejects(sending);
    await line[Symbol.asyncDispose]();
    await assertNothingLeft(rig);
  });

test("when we hang up, all that ran for the line ends", async (t) => {
  const rig = await LineRig.make(t);
  const line = await open(rig);
  assert.ok(processesWithEnvironment(rig.folder).length >= 3);
  await line[Symbol.asyncDispose]();
  await assertNothingLeft(rig);
});

test("when the builder's shell is killed, what it started ends", async (t) => {
  const rig = await LineRig.make(t);
  await using _ = await open(rig);
  rig.session!.kill("SIGKILL");
  await assertNothingLeft(rig);
});

test("another store that is not reached is told in ssh's words", async (t) => {
  const rig = await LineRig.make(t);
  const to = rig.receiver("ssh-ng").replace(/other$/, "nobody");
  const opening = openDictation(rig.host, { sender: rig.sender, storeDir: DEFAULT_STORE_DIR, to });
  await assert.rejects(opening, /nobody: (not found|No such file)/);
  await assertNothingLeft(rig);
});

test("the builder's user says how ssh goes, and the receiver's URI which key its host has", {
  skip: withoutSshd,
}, async (t) => {
  const rig = await LineRig.make(t);
  const samples = chainOf(2);
  await addAll(rig.from, samples);
  await using sshd = await startSshd({ config: [`SetEnv ELSEWHERE_NODE=${process.execPath}`] });
  await using other = await startSshd();
  rig.useRealSsh(`-F /dev/null -i ${sshd.keyFile} -oIdentitiesOnly=yes -oStrictHostKeyChecking=yes`);
  const to = rig.receiver("ssh-ng", `${sshd.user}@127.0.0.1:${sshd.port}`);
  const openWith = ({ publicHostKey }: Sshd) =>
    openDictation(rig.host, {
      sender: rig.sender,
      storeDir: DEFAULT_STORE_DIR,
      to: `${to}&base64-ssh-public-host-key=${encodeURIComponent(publicHostKey)}`,
    });
  await assert.rejects(openWith(other), /Host key verification failed/);
  await using line = await openWith(sshd);
  await line.send(infosOf(samples));
  assert.equal((await rig.to.queryValidPaths(pathsOf(samples))).size, 2);
});

async function open(rig: LineRig, scheme = "ssh-ng"): Promise<SendingLine> {
  const to = rig.receiver(scheme);
  return await openDictation(rig.host, { sender: rig.sender, storeDir: DEFAULT_STORE_DIR, to });
}

async function assertNothingLeft(rig: LineRig): Promise<void> {
  await rig.ended;
  assert.deepEqual(processesWithEnvironment(rig.folder), []);
  assert.deepEqual(readdirSync(join(rig.folder, "tmp")), []);
}

function infosOf(samples: readonly Sample[]) {
  return samples.map(({ info }) => info);
}

function pathsOf(samples: readonly Sample[]) {
  return samples.map(({ info }) => info.path);
}
