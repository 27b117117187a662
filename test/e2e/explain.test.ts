import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { withoutSshd } from "#rig/sshd.ts";
import { ExplainRig } from "./explain-rig.ts";

describe("elsewhere explain", { skip: withoutSshd }, () => {
  test("says of a builder that another process has filled that it is full", async () => {
    await using rig = await twoBuilders();
    const file = rig.build.drvs.derive("wanted", { script: "echo > $out" });
    await using holder = await rig.holdSlots(rig.build.elsewhereBuilder("one"), 2);

    const { verdicts, chosen } = await rig.ask(file);
    assert.equal(chosen, "rig#2");
    assert.deepEqual(verdicts.rig?.obstacle, { kind: "full", running: 2, slots: 2 });
    assert.match(await rig.text(file), /^rig +no +all its slots are taken \(2 of 2\)$/m);
    const loads = async () => JSON.parse((await rig.run("builders", "--json")).out) as Load[];
    assert.deepEqual(
      (await loads()).map(({ slotsTaken }) => slotsTaken),
      [2, 0],
    );
    assert.match((await rig.run("builders")).out, /^rig +up, \S+ \S+ +2\/2 /m);

    await holder.leave();
    assert.equal((await rig.ask(file)).chosen, "rig", "its slots are free again");
    assert.equal((await loads())[0]!.slotsTaken, 0);
  });

  test("says of a builder that it has less memory free than the build needed last time", async () => {
    await using rig = await twoBuilders();
    const first = rig.build.drvs.derive("eater-1.0", { script: "echo eaten > $out" });
    const built = await rig.build.elsewhere("build", first, "-j0", "--builders", rig.builders);
    assert.equal(built.code, 0, built.err);
    const [{ attempts }] = JSON.parse((await rig.build.run("history", "--json")).out);
    const neededBytes = attempts[0].memoryPeakBytes;
    assert.ok(neededBytes > PAGE_BYTES, "the builder has told what it took");

    const next = rig.build.drvs.derive("eater-1.1", { script: "echo more > $out" });
    rig.note(rig.build.elsewhereBuilder("one"), { memoryBytes: GIB, freeMemoryBytes: PAGE_BYTES });
    rig.note(rig.build.elsewhereBuilder("two"), { memoryBytes: GIB, freeMemoryBytes: GIB });
    const { verdicts, chosen } = await rig.ask(next);
    assert.equal(chosen, "rig#2");
    assert.deepEqual(verdicts.rig?.obstacle, { kind: "no-memory", neededBytes, freeBytes: PAGE_BYTES });
    assert.match(
      await rig.text(next),
      /^rig +no +it has 4\.0 KiB of memory free, and the build needs about [\d.]+ [KM]iB$/m,
    );
  });

  test("says of a builder that its disk has no room for the outputs", async () => {
    await using rig = await twoBuilders();
    const file = rig.build.drvs.derive("wanted", { script: "echo > $out" });
    rig.note(rig.build.elsewhereBuilder("one"), { freeDiskBytes: PAGE_BYTES });
    const { verdicts, chosen } = await rig.ask(file);
    assert.equal(chosen, "rig#2");
    const obstacle = verdicts.rig?.obstacle;
    assert.ok(obstacle?.kind === "no-disk" && obstacle.freeBytes === PAGE_BYTES);
    assert.match(
      await rig.text(file),
      /^rig +no +it has 4\.0 KiB of disk free, and the build needs about 4\.0 MiB$/m,
    );
  });

  test("says of a slower builder how much later it would be done, and what the scores are made of", async () => {
    await using rig = await twoBuilders([1, 3]);
    const file = rig.build.drvs.derive("wanted", { script: "echo > $out" });
    const { verdicts, chosen } = await rig.ask(file);
    assert.equal(chosen, "rig#2");
    const [slow, fast] = [verdicts.rig!, verdicts["rig#2"]!];
    assert.ok(!slow.obstacle && !fast.obstacle);
    assert.deepEqual([slow.score?.durationMs, fast.score?.durationMs], [30_000, 10_000]);
    assert.ok(slow.score!.totalMs > fast.score!.totalMs);
    const text = await rig.text(file);
    assert.match(text, /^rig +yes +its score is lower: done about 20 s later$/m);
    assert.match(text, /^rig#2 +YES +it is done there soonest, in about 10 s$/m);
    assert.match(text, /^rig +30\.0 +0\.0 +0\.0 +0\.0 +30\.0 +1 +0 B$/m);
    assert.match(text, /^rig#2 +10\.0 +0\.0 +0\.0 +0\.0 +10\.0 +3 +0 B$/m);
  });
});

/** Of two slots each. */
async function twoBuilders(speeds: readonly [number, number] = [1, 1]): Promise<ExplainRig> {
  return await ExplainRig.start((build) => [
    `${build.elsewhereBuilder("one")} x86_64-linux - 2 ${speeds[0]}`,
    `${build.elsewhereBuilder("two")} x86_64-linux - 2 ${speeds[1]}`,
  ]);
}

interface Load {
  readonly slotsTaken: number;
}

const PAGE_BYTES = 4096;
const GIB = 1024 ** 3;
