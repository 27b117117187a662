import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import type { MachineFacts } from "#build/engine/builder-book.ts";
import { openBookFile } from "#build/remote/book-file.ts";
import { withoutSshd } from "#rig/sshd.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import { BuildRig, checkout } from "./build-rig.ts";

describe("elsewhere explain", { skip: withoutSshd }, () => {
  test("says of a builder that another process has filled that it is full", async () => {
    await using rig = await ExplainRig.start();
    const file = rig.build.drvs.derive("wanted", { script: "echo > $out" });
    await using holder = await rig.holdSlots("one", 2);

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
    await using rig = await ExplainRig.start();
    const first = rig.build.drvs.derive("eater-1.0", { script: "echo eaten > $out" });
    const built = await rig.build.elsewhere("build", first, "-j0", "--builders", rig.builders);
    assert.equal(built.code, 0, built.err);
    const [{ attempts }] = JSON.parse((await rig.build.run("history", "--json")).out);
    const neededBytes = attempts[0].memoryPeakBytes;
    assert.ok(neededBytes > PAGE_BYTES, "the builder has told what it took");

    const next = rig.build.drvs.derive("eater-1.1", { script: "echo more > $out" });
    rig.note("one", { memoryBytes: GIB, freeMemoryBytes: PAGE_BYTES });
    rig.note("two", { memoryBytes: GIB, freeMemoryBytes: GIB });
    const { verdicts, chosen } = await rig.ask(next);
    assert.equal(chosen, "rig#2");
    assert.deepEqual(verdicts.rig?.obstacle, { kind: "no-memory", neededBytes, freeBytes: PAGE_BYTES });
    assert.match(
      await rig.text(next),
      /^rig +no +it has 4\.0 KiB of memory free, and the build needs about [\d.]+ [KM]iB$/m,
    );
  });

  test("says of a builder that its disk has no room for the outputs", async () => {
    await using rig = await ExplainRig.start();
    const file = rig.build.drvs.derive("wanted", { script: "echo > $out" });
    rig.note("one", { freeDiskBytes: PAGE_BYTES });
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
    await using rig = await ExplainRig.start({ speeds: [1, 3] });
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

interface Load {
  readonly slotsTaken: number;
}

/** Two builders of two slots each, and what a client's state folder holds of them. */
class ExplainRig implements AsyncDisposable {
  readonly build: BuildRig;
  readonly builders: string;

  private constructor(build: BuildRig, builders: string) {
    this.build = build;
    this.builders = builders;
  }

  static async start({ speeds = [1, 1] }: { speeds?: readonly [number, number] } = {}): Promise<ExplainRig> {
    const build = await BuildRig.start();
    const line = (name: string, speed: number) => `${build.elsewhereBuilder(name)} x86_64-linux - 2 ${speed}`;
    return new ExplainRig(build, `${line("one", speeds[0])}; ${line("two", speeds[1])}`);
  }

  /** What `--json` says of a derivation, the verdicts by builder. */
  async ask(file: string) {
    const { code, out, err } = await this.#explain(file, "--json");
    assert.equal(code, 0, err);
    const [{ chosen, verdicts }] = JSON.parse(out);
    const byBuilder = (verdicts as BuilderVerdict[]).map((verdict) => [verdict.builder, verdict] as const);
    return {
      chosen: chosen as string,
      verdicts: Object.fromEntries(byBuilder) as Record<string, BuilderVerdict>,
    };
  }

  /** What a person reads. */
  async text(file: string): Promise<string> {
    return (await this.#explain(file)).out;
  }

  run(command: string, ...words: readonly string[]) {
    return this.build.run(command, ...words, "--builders", this.builders);
  }

  /** Writes into the book what a look at a machine has found. */
  note(name: string, facts: Omit<MachineFacts, "atMs">): void {
    const book = openBookFile(this.#stateDir);
    book.noteMachine(this.build.elsewhereBuilder(name), { atMs: Date.now(), ...facts });
  }

  /** A process of its own that holds slots of a builder until it leaves. */
  async holdSlots(name: string, count: number): Promise<SlotHolder> {
    const holder = new SlotHolder(this.#stateDir, this.build.elsewhereBuilder(name));
    for (let taken = 0; taken < count; taken++) await holder.take(count);
    return holder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.build[Symbol.asyncDispose]();
  }

  #explain(file: string, ...words: readonly string[]) {
    return this.build.elsewhere("explain", file, "-j0", "--builders", this.builders, ...words);
  }

  get #stateDir(): string {
    return join(this.build.folder, "state/elsewhere");
  }
}

class SlotHolder implements AsyncDisposable {
  readonly #child;
  readonly #lines;
  readonly #ended;

  constructor(stateDir: string, builder: string) {
    const program = `${checkout}/test/build/remote/slot-holder.ts`;
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", program, stateDir, builder],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    this.#ended = once(this.#child, "close");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async take(slotsMax: number): Promise<void> {
    this.#child.stdin.write(`take ${slotsMax}\n`);
    for (;;) {
      const { value: said, done } = await this.#lines.next();
      assert.ok(!done && said !== "full", "it got the slot");
      if (said === "took") return;
    }
  }

  async leave(): Promise<void> {
    this.#child.stdin.end("leave\n");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}

const PAGE_BYTES = 4096;
const GIB = 1024 ** 3;
