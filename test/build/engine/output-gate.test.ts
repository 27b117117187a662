import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuiltOutputs, OutputGate } from "#build/engine/output-gate.ts";
import { EngineRig } from "./engine-rig.ts";

/** Finds fault with derivations of some names, and remembers what it saw and where. */
class ScriptedGate implements OutputGate {
  readonly refuses: boolean;
  readonly seen: string[] = [];
  readonly #faulty: readonly string[];

  constructor(refuses: boolean, ...faulty: readonly string[]) {
    this.refuses = refuses;
    this.#faulty = faulty;
  }

  async check({ derivation: { name }, store }: BuiltOutputs): Promise<string | undefined> {
    this.seen.push(`${name} in ${store.uri}`);
    return this.#faulty.includes(name) ? `${name} is for another platform` : undefined;
  }
}

test("a gate that refuses looks on the builder, and nothing is built on what it refuses", async () => {
  const rig = new EngineRig();
  const lib = rig.derive("lib");
  const app = rig.derive("app", ["lib"]);
  rig.builder("box");
  const gate = new ScriptedGate(true, "lib");
  rig.gate = gate;
  const report = await rig.build("app");
  const outcome = report.outcomes.get(lib);
  assert.equal(outcome?.kind, "failed");
  assert.equal(outcome?.kind === "failed" && outcome.status, "OutputRejected");
  assert.equal(outcome?.kind === "failed" && outcome.message, "lib is for another platform");
  assert.equal(report.outcomes.get(app)?.kind, "dependency-failed");
  assert.equal(report.complete, false);
  assert.deepEqual(gate.seen, ["lib in box"]);
});

test("a gate that warns looks at what came home, and lets it through with a word", async () => {
  const rig = new EngineRig();
  rig.derive("lib");
  rig.derive("app", ["lib"]);
  rig.builder("box");
  const gate = new ScriptedGate(false, "app", "lib");
  rig.gate = gate;
  const report = await rig.build("app");
  assert.equal(report.complete, true);
  assert.deepEqual(gate.seen, ["app in home"]);
  assert.deepEqual(
    rig.events.flatMap((event) => (event.kind === "output-suspect" ? event.message : [])),
    ["app is for another platform"],
  );
});

test("what was there already is refused all the same", async () => {
  const rig = new EngineRig();
  const app = rig.derive("app");
  rig.builder("box");
  await rig.build("app");
  rig.gate = new ScriptedGate(true, "app");
  const report = await rig.build("app");
  assert.equal(report.complete, false);
  assert.equal(report.outcomes.get(app)?.kind, "failed");
});
