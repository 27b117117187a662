import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitWatch, type LimitWatchOptions } from "#build/engine/attempt/limit-watch.ts";
import type { BuildStatus } from "#nix/build-result.ts";
import { HandClock } from "#rig/hand-clock.ts";
import { drv } from "./engine-rig.ts";

const BUILD = drv("slow");

test("a build that its builder lets run too long is ended, and called timed out", async () => {
  using rig = new LimitRig({ timeoutS: 10 });
  rig.watch.begin(BUILD);
  await rig.clock.goTo(14_999);
  assert.deepEqual(rig.ended, []);
  await rig.clock.goTo(15_000);
  assert.deepEqual(rig.ended, [["TimedOut", "timed out after 10 seconds"]]);
  assert.ok(rig.watch.signal.aborted);
});

test("a build is silent for too long only after its last line", async () => {
  using rig = new LimitRig({ maxSilentTimeS: 10 });
  rig.watch.begin(BUILD);
  await rig.clock.goTo(14_000);
  rig.watch.take({ kind: "log-line", drvPath: BUILD, line: "still there" });
  await rig.clock.goTo(28_999);
  assert.deepEqual(rig.ended, []);
  await rig.clock.goTo(29_000);
  assert.deepEqual(rig.ended, [["TimedOut", "timed out after 10 seconds of silence"]]);
});

test("a build that writes too much is ended, and called so", () => {
  using rig = new LimitRig({ maxLogSizeBytes: 100 });
  rig.watch.begin(BUILD);
  const line = "x".repeat(600_000);
  rig.watch.take({ kind: "log-line", drvPath: BUILD, line });
  assert.deepEqual(rig.ended, []);
  rig.watch.take({ kind: "log-line", drvPath: BUILD, line });
  assert.deepEqual(rig.ended, [
    ["LogLimitExceeded", "killed after writing more than 100 bytes of log output"],
  ]);
});

test("a build that has ended, and one with no limits, is left alone", async () => {
  using rig = new LimitRig({ timeoutS: 1 });
  rig.watch.begin(BUILD);
  rig.watch.end(BUILD);
  await rig.clock.goTo(1_000_000);
  assert.deepEqual(rig.ended, []);
  using free = new LimitRig({});
  free.watch.begin(BUILD);
  await free.clock.goTo(1_000_000);
  assert.deepEqual(free.ended, []);
});

class LimitRig implements Disposable {
  readonly clock = new HandClock();
  readonly ended: [BuildStatus, string][] = [];
  readonly watch: LimitWatch;

  constructor(settings: LimitWatchOptions["settings"]) {
    const onExceeded: LimitWatchOptions["onExceeded"] = (_, { status, errorMessage }) =>
      this.ended.push([status, errorMessage]);
    this.watch = new LimitWatch({ settings, clock: this.clock, onExceeded });
  }

  [Symbol.dispose](): void {
    this.watch[Symbol.dispose]();
  }
}
