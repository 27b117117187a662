import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { PeerPush } from "#build/remote/peer-push.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { openCommand } from "#transport/command.ts";
import { explainSshEnd } from "#transport/ssh-failure.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { addAll, chainOf, fileSample } from "../../store/local/local-rig.ts";
import { LineRig } from "./line-rig.ts";

test("what is little goes by a line, what is large by a command", async (t) => {
  const rig = await LineRig.make(t);
  const samples = chainOf(2);
  await addAll(rig.from, samples);
  const { push, commands } = pushing(t, rig);
  await push(rig, samples[0]!.info);
  await push(rig, samples[1]!.info);
  assert.equal((await rig.to.queryValidPaths(samples.map(({ info }) => info.path))).size, 2);
  await push(rig, { ...samples[0]!.info, narSize: 17 << 20 });
  assert.deepEqual(commands, ["line", "command"]);
});

test("a builder that can have no line sends by commands, and is asked for none again", async (t) => {
  const rig = await LineRig.make(t);
  const { push, commands } = pushing(t, rig, "echo 'mkfifo: not found' >&2; exit 127");
  await push(rig, fileSample("a", "a").info);
  await push(rig, fileSample("b", "b").info);
  assert.deepEqual(commands, ["line", "command", "command"]);
});

test("whom a line does not reach, a command is not sent for", async (t) => {
  const rig = await LineRig.make(t);
  const refused = "echo 'ssh: connect to host b port 22: Connection refused' >&2; exit 255";
  const { push, commands } = pushing(t, rig, refused);
  await assert.rejects(push(rig, fileSample("a", "a").info), { code: "TRANSPORT_REFUSED" });
  assert.deepEqual(commands, ["line"]);
});

/** A builder with the rig's Nix, whose lines are `line` instead, and whose commands do nothing. */
function pushing(t: TestContext, rig: LineRig, line?: string) {
  const commands: string[] = [];
  const host: CommandHost = {
    openSession: async (command, options) => {
      const isLine = command.some((word) => word.includes("mkfifo"));
      commands.push(isLine ? "line" : "command");
      if (isLine && line === undefined) return await rig.host.openSession(command, options);
      const explain = (end: Parameters<typeof explainSshEnd>[2]) => explainSshEnd(options.peer, command, end);
      return openCommand(["sh", "-c", isLine ? line! : "exit 0"], { ...options, explain });
    },
  };
  // Its Nix lies where the rig's scripts are.
  const reference = parseStoreReference(`ssh-ng://builder?remote-program=${rig.folder}/bin/nix-daemon`);
  const peer = new PeerPush({ host, reference, version: "2.26.3", storeDir: DEFAULT_STORE_DIR });
  t.after(() => peer[Symbol.asyncDispose]());
  const { signal } = new AbortController();
  const push = (to: LineRig, info: ReturnType<typeof fileSample>["info"]) =>
    peer.push({ to: to.receiver("ssh-ng"), infos: [info], signal });
  return { push, commands };
}
