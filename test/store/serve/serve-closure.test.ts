import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { hold } from "#wire/codec/dialogue.ts";
import { u64 } from "#wire/codec/primitives.ts";
import { commands } from "#wire/serve/commands.ts";
import { welcomeServe } from "#wire/serve/handshake.ts";
import { playedStream } from "../../replay/played-stream.ts";
import { chainOf } from "../local/local-rig.ts";

/** A server that knows `infos`, and calls all of them the closure of anything; `asked` is told each question. */
function storeOf(t: TestContext, infos: readonly PathInfo[]) {
  const known = new Map(infos.map((info) => [info.path, info]));
  const asked = { infos: [] as (readonly StorePath[])[], closures: 0, connections: 0 };
  const store = new ServeStore({
    uri: "ssh://rig",
    storeDir: DEFAULT_STORE_DIR,
    connect: async () => {
      asked.connections++;
      return playedStream(async (said, answer) => {
        const ctx = await hold(welcomeServe({ storeDir: DEFAULT_STORE_DIR }), said, answer);
        while (!(await said.atEnd())) {
          const code = await said.read(u64.decode(ctx));
          if (code === commands.queryPathInfos.code) {
            const { paths } = await said.read(commands.queryPathInfos.request.decode(ctx));
            asked.infos.push(paths);
            const found = paths.flatMap((path) => known.get(path) ?? []);
            answer(encodeToBuffer(commands.queryPathInfos.reply, found, ctx));
          } else {
            assert.equal(code, commands.queryClosure.code);
            await said.read(commands.queryClosure.request.decode(ctx));
            asked.closures++;
            answer(encodeToBuffer(commands.queryClosure.reply, [...known.keys()], ctx));
          }
        }
      });
    },
  });
  t.after(() => store[Symbol.asyncDispose]());
  return { store, asked };
}

const infosOf = (count: number, options?: { seed?: string; fan?: number }) =>
  chainOf(count, options).map(({ info }) => info);

test("a closure is asked for as it shows, each path once, and comes with references before referrers", async (t) => {
  const infos = infosOf(60, { fan: 40 });
  const { store, asked } = storeOf(t, infos);
  const closure = await store.queryClosure([infos.at(-1)!.path, infos[7]!.path]);
  assert.deepEqual(
    closure.map(({ path }) => path),
    infos.map(({ path }) => path),
  );
  assert.deepEqual(asked.infos.flat().sort(), infos.map(({ path }) => path).sort());
  assert.equal(asked.closures, 0);
});

test("of a closure of thousands, what is known is asked for in large lots", async (t) => {
  const leaves = infosOf(6000).map((info) => ({ ...info, references: [] }));
  const root = { ...infosOf(1, { seed: "root" })[0]!, references: leaves.map(({ path }) => path).sort() };
  const { store, asked } = storeOf(t, [root, ...leaves]);
  assert.equal((await store.queryClosure([root.path])).length, 6001);
  assert.deepEqual(
    asked.infos.map(({ length }) => length),
    [1, 2048, 2048, 1904],
  );
});

test("a long chain takes no round trip a path: the server walks through what is left", async (t) => {
  const infos = infosOf(500);
  const { store, asked } = storeOf(t, infos);
  const closure = await store.queryClosure([infos.at(-1)!.path]);
  assert.deepEqual(
    closure.map(({ path }) => path),
    infos.map(({ path }) => path),
  );
  assert.equal(asked.closures, 1);
  assert.ok(asked.infos.length < 40, `${asked.infos.length} questions`);
});

test("what a server calls the closure counts as far as the roots refer to it", async (t) => {
  const infos = infosOf(100);
  const strangers = infosOf(3, { seed: "stranger" });
  const { store, asked } = storeOf(t, [...infos, ...strangers]);
  const closure = await store.queryClosure([infos.at(-1)!.path]);
  assert.equal(asked.closures, 1);
  assert.equal(closure.length, 100);
});

test("the closure of a path that is not there is refused, and the connection goes on", async (t) => {
  const infos = infosOf(3);
  const { store, asked } = storeOf(t, infos.slice(1));
  await assert.rejects(store.queryClosure([infos[0]!.path]), { code: "INVALID_PATH" });
  await assert.rejects(store.queryClosure([infos[2]!.path]), new RegExp(infos[0]!.path));
  assert.equal((await store.queryPathInfos([infos[2]!.path])).size, 1);
  assert.equal(asked.connections, 1);
});
