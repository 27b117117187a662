import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openAskedSending } from "#build/remote/asked-sending.ts";
import type { SendingLine } from "#build/remote/sending-line.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { addAll, chainOf, fileSample, type Sample } from "../../store/local/local-rig.ts";
import { LineRig } from "./line-rig.ts";

test("a builder that runs Elsewhere is asked again and again by one line", async (t) => {
  const { rig, line } = await asked(t);
  const samples = chainOf(300);
  await addAll(rig.from, samples);
  await line.send(infosOf(samples.slice(0, 280)));
  const { session } = rig;
  await line.send(infosOf(samples.slice(270)));
  assert.equal(rig.session, session);
  const arrived = await rig.to.queryValidPaths(samples.map(({ info }) => info.path));
  assert.equal(arrived.size, samples.length);
});

test("what it cannot send is told, and it goes on", async (t) => {
  const { rig, line } = await asked(t);
  const [there, absent] = [fileSample("there", "1"), fileSample("absent", "2")];
  await addAll(rig.from, [there]);
  await assert.rejects(line.send([absent.info]), {
    code: "INVALID_PATH",
    message: /absent.*does not have it/,
  });
  await line.send([there.info]);
  assert.equal((await rig.to.queryValidPaths([there.info.path])).size, 1);
});

test("when it is killed, the sending fails and the next one knows", async (t) => {
  const { rig, line } = await asked(t);
  const [sample] = chainOf(1);
  await addAll(rig.from, [sample!]);
  await line.send([sample!.info]);
  rig.session!.kill("SIGSTOP");
  const sending = line.send([sample!.info]);
  rig.session!.kill("SIGKILL");
  await assert.rejects(sending, { code: "TRANSPORT_LOST" });
  assert.equal(line.isUsable, false);
});

test("when we hang up, in mid-copy or not, it ends by itself and leaves nothing", async (t) => {
  const { rig, line } = await asked(t);
  const samples = chainOf(200);
  await addAll(rig.from, samples);
  await line.send(infosOf(samples.slice(0, 1)));
  const sending = line.send(infosOf(samples)).catch(() => undefined);
  await line[Symbol.asyncDispose]();
  await sending;
  await rig.ended;
  assert.equal(rig.session!.exitCode, 0);
  assert.deepEqual(readdirSync(join(rig.folder, "tmp")), []);
});

async function asked(t: TestContext): Promise<{ rig: LineRig; line: SendingLine }> {
  const rig = await LineRig.make(t);
  const sender = {
    kind: "elsewhere",
    program: rig.program,
    store: rig.fromFolder,
    hasShell: true,
  } as const;
  const to = rig.receiver("ssh-ng");
  const options = { sender, storeDir: DEFAULT_STORE_DIR, to, peer: "ssh-ng://builder" };
  const line = await openAskedSending(rig.host, options);
  t.after(() => line[Symbol.asyncDispose]());
  return { rig, line };
}

function infosOf(samples: readonly Sample[]) {
  return samples.map(({ info }) => info);
}
