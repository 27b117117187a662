import assert from "node:assert/strict";
import { test } from "node:test";
import { Realisations } from "#build/engine/supply/realisations.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { formatDrvOutput } from "#nix/realisation-text.ts";
import type { StorePath } from "#nix/store-path.ts";
import { FakeStore, pathNamed } from "./fake-store.ts";

const drvPath = pathNamed("tool.drv");
const built = pathNamed("tool");
const outputs = new Map([["out", built]]);

/** A store that remembers realisations, unless its settings forbid it. */
class KeepingStore extends FakeStore {
  readonly kept: Realisation[] = [];
  refuses = false;

  async registerRealisation(realisation: Realisation): Promise<void> {
    if (this.refuses) throw new Error("experimental feature 'ca-derivations' is disabled");
    this.kept.push(realisation);
  }

  async queryRealisation({ drvHash, outputName }: DrvOutput): Promise<Realisation | undefined> {
    if (this.refuses) throw new Error("experimental feature 'ca-derivations' is disabled");
    const isSame = ({ id }: Realisation) =>
      id.outputName === outputName && Buffer.from(id.drvHash.digest).equals(drvHash.digest);
    return this.kept.find(isSame);
  }
}

function graphWith(kind: "floating" | "impure"): Map<StorePath, Derivation> {
  const tool: Derivation = {
    name: "tool",
    outputs: new Map([["out", { kind, method: "nar", algorithm: "sha256" }]]),
    inputDerivations: new Map(),
    inputSources: [],
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: [],
    env: new Map([["out", "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"]]),
  };
  return new Map([[drvPath, tool]]);
}

test("what a builder found an output to be is known to the next run once it is home", async () => {
  const store = new KeepingStore("home");
  const first = new Realisations(store, graphWith("floating"));
  first.expect(drvPath, outputs);
  assert.equal(store.kept.length, 0);
  await first.arrived([built]);
  const next = new Realisations(store, graphWith("floating"));
  assert.deepEqual(await next.recall(drvPath), outputs);
});

test("an impure output is not kept: it is another one each time", async () => {
  const store = new KeepingStore("home");
  const realisations = new Realisations(store, graphWith("impure"));
  realisations.expect(drvPath, outputs);
  await realisations.arrived([built]);
  assert.deepEqual(store.kept, []);
});

test("a store that keeps no realisations is no reason to fail", async () => {
  const store = new KeepingStore("home");
  store.refuses = true;
  const realisations = new Realisations(store, graphWith("floating"));
  realisations.expect(drvPath, outputs);
  await realisations.arrived([built]);
  assert.deepEqual(await realisations.recall(drvPath), new Map());
});

test("each store is told once what its paths were realised from, of every derivation that gave them", async () => {
  const [home, builder] = [new KeepingStore("home"), new KeepingStore("builder")];
  const graph = graphWith("floating");
  const twin = pathNamed("twin.drv");
  graph.set(twin, { ...graph.get(drvPath)!, name: "twin", args: ["-e"] });
  const realisations = new Realisations(home, graph);
  realisations.expect(drvPath, outputs);
  realisations.expect(twin, outputs);
  await Promise.all([realisations.tell(builder, [built]), realisations.tell(builder, [built])]);
  await realisations.tell(builder, [built, pathNamed("unknown")]);
  assert.deepEqual(
    builder.kept.map(({ outPath }) => outPath),
    [built, built],
  );
  assert.equal(new Set(builder.kept.map(({ id }) => formatDrvOutput(id))).size, 2);
  assert.deepEqual(home.kept, []);
});
