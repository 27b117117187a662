import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type TestContext, test } from "node:test";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { FetchEvent } from "#store/fetch-event.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import type { Substituter } from "#store/substituter.ts";
import { chainOf, makeStore, type Sample, streamOf } from "./local-rig.ts";

const SAMPLES = chainOf(3);
const [BOTTOM, MIDDLE, TOP] = SAMPLES.map(({ info }) => info.path);

test("each path is told when it begins to come, with where from, and when it is there", async (t) => {
  const { store, events } = await storeWith(t, [cacheOf("a", SAMPLES)]);
  await store.substitute([TOP!], { fetches: (event) => events.push(event) });
  const begun = events.filter((event) => event.kind === "fetch-started");
  assert.deepEqual(
    begun.map(({ path, from, bytes }) => [path, from, bytes]),
    SAMPLES.map(({ info }) => [info.path, "fake://a", info.narSize]),
  );
  assert.deepEqual(
    events.filter((event) => event.kind === "fetch-finished"),
    begun.map(({ id }) => ({ kind: "fetch-finished", id })),
  );
});

test("a path that one substituter gives broken is told as failed, and as coming from the next", async (t) => {
  const broken = SAMPLES.map((sample) =>
    sample.info.path === MIDDLE ? { ...sample, nar: Buffer.concat([sample.nar, Buffer.alloc(8)]) } : sample,
  );
  const { store, events } = await storeWith(t, [cacheOf("a", broken), cacheOf("b", SAMPLES)]);
  const valid = await store.queryValidPaths([TOP!], {
    substitute: true,
    fetches: (event) => events.push(event),
  });
  assert.deepEqual([...valid], [TOP]);
  assert.deepEqual(
    events.map((event) => (event.kind === "fetch-started" ? [event.path, event.from] : [event.kind])),
    [
      ...[[BOTTOM, "fake://a"], ["fetch-finished"], [MIDDLE, "fake://a"], ["fetch-finished"]],
      ...[[MIDDLE, "fake://b"], ["fetch-finished"], [TOP, "fake://b"], ["fetch-finished"]],
    ],
  );
  const failures = events.flatMap((event) => (event.kind === "fetch-finished" ? [event.error] : []));
  assert.match(failures[1]!, /hash|NAR|bytes/);
  assert.deepEqual([failures[0], failures[2], failures[3]], [undefined, undefined, undefined]);
});

async function storeWith(
  t: TestContext,
  substituters: readonly Substituter[],
): Promise<{ store: LocalStore; events: FetchEvent[] }> {
  const { store } = await makeStore(t, { substituters });
  return { store, events: [] };
}

function cacheOf(name: string, samples: readonly Sample[]): Substituter {
  const byPath = new Map(samples.map((sample) => [sample.info.path, sample]));
  return {
    uri: `fake://${name}`,
    storeDir: DEFAULT_STORE_DIR,
    trusted: true,
    queryPathInfos: async (paths) =>
      new Map([...paths].flatMap((path) => (byPath.has(path) ? [[path, byPath.get(path)!.info]] : []))),
    narFromPath: (path) => streamOf(byPath.get(path)!.nar),
    async *narsFromPaths(infos) {
      for (const { path } of infos) {
        const { info, nar } = byPath.get(path)!;
        yield { info, nar: streamOf(nar) };
      }
    },
  };
}
