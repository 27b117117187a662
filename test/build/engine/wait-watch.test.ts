import assert from "node:assert/strict";
import { test } from "node:test";
import { WaitWatch } from "#build/engine/execution/wait-watch.ts";
import type { PlannedBuild } from "#build/engine/plan/plan.ts";
import { describeWait } from "#build/engine/reason/wait-words.ts";
import type { BuildEvent } from "#build/events.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { WaitReason } from "#schedule/reason.ts";

function buildOf(name: string, system: string): PlannedBuild {
  const derivation: Derivation = {
    name,
    system,
    builder: "/bin/sh",
    args: [],
    outputs: new Map([["out", { kind: "deferred" }]]),
    inputSources: [],
    inputDerivations: new Map(),
    env: new Map(),
  };
  const drvPath = parseStorePathBaseName(`g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-${name}.drv`);
  return { drvPath, derivation, outputs: ["out"], needs: [] };
}

const builds = [buildOf("a", "x86_64-linux"), buildOf("b", "x86_64-linux"), buildOf("c", "riscv64-linux")];
const [a, b, c] = builds.map(({ drvPath }) => drvPath) as [StorePath, StorePath, StorePath];
const NOBODY: WaitReason = {
  kind: "nobody",
  verdicts: [
    { builder: "box", obstacle: { kind: "system", wanted: "riscv64-linux", offered: ["x86_64-linux"] } },
  ],
};

test("of builds that wait alike one is told, once for each reason, and seldom while others run", () => {
  const reasons = new Map<StorePath, WaitReason>([
    [a, { kind: "inputs", tasks: ["x"] }],
    [b, { kind: "behind", tasks: 1 }],
    [c, NOBODY],
  ]);
  const told: BuildEvent[] = [];
  let nowMs = 5000;
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const watch = new WaitWatch({
    builds,
    reasonOf: (drvPath) => reasons.get(drvPath),
    events: (event) => told.push(event),
    clock,
  });
  watch.look(false);
  assert.deepEqual(
    told.map((event) => event.kind === "build-held" && [event.drvPath, event.reason.kind]),
    [
      [b, "behind"],
      [c, "nobody"],
    ],
  );
  reasons.set(b, { kind: "behind", tasks: 2 });
  watch.look(false);
  assert.equal(told.length, 2, "it was looked at a moment ago");
  nowMs += 2000;
  watch.look(false);
  watch.look(true);
  assert.equal(told.length, 3);
  reasons.delete(b);
  reasons.set(a, { kind: "behind", tasks: 0 });
  watch.look(true);
  assert.deepEqual(told.at(-1), {
    kind: "build-held",
    drvPath: a,
    reason: { kind: "behind", tasks: 0 },
    atMs: 7000,
  });
});

test("every reason is a sentence's end", () => {
  const said = (reason: WaitReason) => `x waits ${describeWait(reason, 1000)}`;
  assert.equal(said(NOBODY), "x waits for a builder. box: it builds x86_64-linux, not riscv64-linux");
  assert.equal(
    said({ kind: "backing-off", untilMs: 13_000, loss: "vanished" }),
    "x waits 12 s before another attempt: it went away",
  );
  assert.equal(
    said({ kind: "better-builder", builder: "box", untilMs: 4000 }),
    "x waits for box, which is so much faster, for about 3 s",
  );
  assert.equal(said({ kind: "behind", tasks: 1 }), "x waits behind 1 other build");
});
