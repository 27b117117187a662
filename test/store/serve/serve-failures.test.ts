import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import { commands } from "#wire/serve/commands.ts";
import { welcomeServe } from "#wire/serve/handshake.ts";
import { type Play, playedStream } from "../../replay/played-stream.ts";
import { narFrom } from "../../replay/scripted-serve.ts";
import { chainOf, incoming } from "../local/local-rig.ts";

/** A server that says it did not add `refused`, and goes on; it knows what is sent to it. */
function refusing(refused: StorePath, received: StorePath[]): Play {
  return async (said, answer) => {
    const ctx = await hold(welcomeServe({ storeDir: DEFAULT_STORE_DIR }), said, answer);
    while (!(await said.atEnd())) {
      assert.equal(await said.read(u64.decode(ctx)), commands.addToStoreNar.code);
      const { info } = await said.read(commands.addToStoreNar.request.decode(ctx));
      await narFrom(said);
      received.push(info.path);
      answer(encodeToBuffer(commands.addToStoreNar.reply, info.path !== refused, ctx));
    }
  };
}

/** A store behind connections that are all played alike. */
function storeOf(t: TestContext, play: Play): { store: ServeStore; opened: () => number } {
  let opened = 0;
  const store = new ServeStore({
    uri: "ssh://rig",
    storeDir: DEFAULT_STORE_DIR,
    connect: async () => {
      opened++;
      return playedStream(play);
    },
  });
  t.after(() => store[Symbol.asyncDispose]());
  return { store, opened: () => opened };
}

test("a path that the server says it did not add fails the copy, and what is asked next is asked anew", async (t) => {
  const samples = chainOf(3);
  const [first, second] = samples.map(({ info }) => info.path);
  const received: StorePath[] = [];
  const { store, opened } = storeOf(t, refusing(second!, received));
  await assert.rejects(store.addPaths(incoming(samples)), { code: "REFUSED", message: new RegExp(second!) });
  assert.deepEqual(received.slice(0, 2), [first, second]);
  await store.addPaths(incoming(samples.slice(0, 1)));
  assert.equal(opened(), 2, "answers to the copy that failed were taken for answers to the next");
});
