import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Deferred } from "#base/deferred.ts";
import { watchRun } from "#build/journal/run-door.ts";
import { listRuns, type SeenRun } from "#build/journal/run-list.ts";
import { SqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { RequestRecords } from "#resident/request-records.ts";
import { drv, EngineRig } from "../build/engine/engine-rig.ts";

test("what comes from Nix is listed as a run while it goes on, and stays in the record", async () => {
  using place = new Place();
  const { rig, box } = oneBuild();
  const go = new Deferred<void>();
  box.script = async () => {
    await go.promise;
    return "Built" as const;
  };
  const records = place.records();
  const building = records.realise(rig.request("x"), { principal: "me", door: "hook" });
  await box.hasBegun(1);
  const run = await place.runThatGoesOn();
  assert.deepEqual([run.head.command, run.head.what], ["hook", [`/nix/store/${drv("x")}`]]);
  assert.deepEqual(
    run.status!.running.map(({ builder, drvPath }) => [builder, drvPath]),
    [["box", drv("x")]],
  );
  go.resolve();
  assert.equal((await building).complete, true);
  await records[Symbol.asyncDispose]();
  const [ended] = await place.runs();
  assert.deepEqual([ended!.state, ended!.end?.exitCode], ["ended", 0]);
  await using ledger = place.ledger();
  const [build] = await ledger.builds({ limit: 1 });
  assert.deepEqual([build!.drvPath, build!.end, build!.builder], [drv("x"), "built", "box"]);
  const [request] = await ledger.requests([build!.request]);
  assert.deepEqual([request!.principal, request!.command], ["me", "elsewhere hook"]);
});

test("a run that came from Nix can be stopped, and only that", async () => {
  using place = new Place();
  const { rig, box } = oneBuild();
  box.script = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await using records = place.records();
  const building = records.realise(rig.request("x"), { principal: "me", door: "daemon" });
  const refused = assert.rejects(building, /somebody stopped it with 'elsewhere stop'/);
  await box.hasBegun(1);
  const run = await place.runThatGoesOn();
  const watching = (await watchRun(run.head.socket))!;
  watching.stop();
  await refused;
  await watching.ended;
  assert.equal(rig.controller.signal.aborted, false);
  assert.equal((await place.runs())[0]!.end?.exitCode, 130);
  box.script = () => "Built";
  assert.equal((await records.realise(rig.request("x"), { principal: "me", door: "daemon" })).complete, true);
});

test("where nothing can be written down, it is built all the same", async () => {
  using place = new Place();
  const { rig } = oneBuild();
  writeFileSync(join(place.stateDir, "runs"), "a file where the folder should be");
  await using records = place.records();
  const report = await records.realise(rig.request("x"), { principal: "me", door: "hook" });
  assert.equal(report.complete, true);
});

function oneBuild() {
  const rig = new EngineRig();
  rig.derive("x");
  return { rig, box: rig.builder("box") };
}

class Place implements Disposable {
  readonly stateDir = mkdtempSync(join(tmpdir(), "elsewhere-records-"));

  records(): RequestRecords {
    const { stateDir } = this;
    return new RequestRecords({ stateDir, openLedger: async () => this.ledger(), report: assert.fail });
  }

  ledger(): SqliteLedger {
    return new SqliteLedger(join(this.stateDir, "ledger.sqlite"));
  }

  runs() {
    return listRuns(this.stateDir);
  }

  /** Nobody waits for a run to be written down before it begins. */
  async runThatGoesOn(): Promise<SeenRun> {
    for (;;) {
      const [run] = await this.runs();
      if (run?.status?.running.length === 1) return run;
      await setImmediate();
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}
