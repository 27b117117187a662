import assert from "node:assert/strict";
import { test } from "node:test";
import { shortRests } from "#base/rests.ts";
import type { StorePath } from "#nix/store-path.ts";
import { RestingSubstituter } from "#store/substituter.ts";
import { FakeStore, pathNamed } from "../build/engine/fake-store.ts";

test("a path that a cache did not give whole is not offered for a minute, in no run, and others are", async () => {
  const rig = new CacheStory();
  const [broken, whole] = [rig.cache.hold(pathNamed("broken")), rig.cache.hold(pathNamed("whole"))];
  rig.run().noteFailure(broken, new Error("it ends early"));
  assert.deepEqual(await offers(rig.run(), [broken, whole]), [whole]);
  rig.nowMs += 60_000;
  assert.deepEqual(await offers(rig.run(), [broken, whole]), [broken, whole]);
});

test("a cache that fails has nothing for a minute, and is told of once", async () => {
  const rig = new CacheStory();
  const path = rig.cache.hold(pathNamed("some"));
  rig.cache.broken = new Error("no route");
  assert.deepEqual(await offers(rig.run(), [path]), []);
  rig.cache.broken = undefined;
  assert.deepEqual(await offers(rig.run(), [path]), []);
  assert.equal(rig.reports.length, 1);
  rig.nowMs += 60_000;
  assert.deepEqual(await offers(rig.run(), [path]), [path]);
});

/** One cache, and runs that share what rests. */
class CacheStory {
  readonly cache = new FakeStore("fake://cache");
  readonly reports: string[] = [];
  nowMs = 1_000_000;
  readonly #rests = shortRests();

  run(): RestingSubstituter {
    return new RestingSubstituter(this.cache, {
      priority: async () => 40,
      trusted: false,
      clock: { now: () => this.nowMs, sleep: async () => undefined },
      rests: this.#rests,
      report: (text) => this.reports.push(text),
    });
  }
}

async function offers(cache: RestingSubstituter, paths: readonly StorePath[]): Promise<StorePath[]> {
  return [...(await cache.queryPathInfos(paths)).keys()];
}
