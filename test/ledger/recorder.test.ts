import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import type { BuildEvent } from "#build/events.ts";
import { findLog } from "#ledger/log/find-log.ts";
import { followBuild } from "#ledger/log/follow-log.ts";
import { reasonsOf } from "#ledger/placement-words.ts";
import { Recorder } from "#ledger/recorder.ts";
import { SqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { sha256 } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import type { Score } from "#schedule/score.ts";
import { drv, out } from "../contract/ledger.ts";

/** One request that is told what happens, and the ledger that it is written into. */
class RecordRig implements AsyncDisposable {
  readonly stateDir = mkdtempSync(join(tmpdir(), "elsewhere-record-"));
  readonly ledger = new SqliteLedger(join(this.stateDir, "ledger.sqlite"));
  readonly faults: string[] = [];
  readonly infos = new Map<StorePath, PathInfo>();
  readonly nowMs = 1000;
  readonly recorder = this.record();

  record(): Recorder {
    return new Recorder(this.ledger, {
      principal: "me",
      command: "elsewhere build .#x",
      wishes: [".#x"],
      store: "home",
      sites: [traits("here", true), traits("box", false)],
      requirementOf: () => ({ system: "x86_64-linux", features: [], preferLocal: false }),
      now: () => this.nowMs,
      stateDir: this.stateDir,
      describe: async () => this.infos,
      onFault: (message) => this.faults.push(message),
    });
  }

  tell(...events: readonly BuildEvent[]): void {
    for (const event of events) this.recorder.take(event);
  }

  async build(name: string) {
    const [build] = await this.ledger.builds({ drvPath: drv(name), limit: 1 });
    return build!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ledger[Symbol.asyncDispose]();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

test("a build that was lost once and then succeeded has two attempts, each with its log", async () => {
  await using rig = new RecordRig();
  rig.tell(planned("a"), started("a", "box"), line("a", "first try"));
  rig.tell({
    kind: "attempt-lost",
    drvPath: drv("a"),
    builder: "box",
    loss: "vanished",
    message: "it is gone",
    atMs: 20,
  });
  rig.tell(started("a", "box"), line("a", "second try"), realised("a"));
  await rig.recorder.end("done");
  const build = await rig.build("a");
  const attempts = await rig.ledger.attempts([build.number]);
  assert.deepEqual(
    attempts.map(({ attempt, end, detail }) => [attempt, end, detail]),
    [
      [1, "lost", "vanished"],
      [2, "succeeded", "built"],
    ],
  );
  assert.equal(await logOf(rig, build, 1), "first try\n");
  assert.equal(await logOf(rig, build, undefined), "second try\n");
  assert.equal(build.end, "built");
  assert.deepEqual(await rig.recorder.numbers(), new Map([[drv("a"), build.number]]));
});

test("a build says what it took, how large its output is, and by whom that is signed", async () => {
  await using rig = new RecordRig();
  rig.infos.set(out("a"), infoOf(out("a"), 4096, ["cache-1:c2ln"]));
  rig.tell(planned("a"), started("a", "box"), realised("a"));
  rig.tell({
    kind: "path-ready",
    path: out("a"),
    origin: { kind: "built", builder: "box", drvPath: drv("a") },
  });
  await rig.recorder.end("done");
  const [sample] = await rig.ledger.samples(["a"], 1);
  assert.deepEqual([sample!.memoryPeakBytes, sample!.outputBytes], [5_000_000, 4096]);
  const [record] = await rig.ledger.provenance(out("a"));
  assert.deepEqual(record!.signedBy, ["cache-1"]);
  assert.equal(record!.build, (await rig.build("a")).number);
});

test("a build on this machine says why no builder had it", async () => {
  await using rig = new RecordRig();
  const others = [{ builder: "box", obstacle: { kind: "down" } }] as const;
  rig.tell(planned("a"), { kind: "builder-down", builder: "box", atMs: 1, message: "refused\nmore" });
  rig.tell({ ...started("a", "here"), others }, realised("a", "here"));
  await rig.recorder.end("done");
  const [attempt] = await rig.ledger.attempts([(await rig.build("a")).number]);
  assert.equal(attempt!.local, true);
  assert.deepEqual(reasonsOf(attempt!.placement), new Map([["box", "refused"]]));
  assert.deepEqual([...rig.recorder.builtHere.keys()], [drv("a")]);
});

test("what is open when the request ends was stopped", async () => {
  await using rig = new RecordRig();
  rig.tell(planned("a", "b"), started("a", "box"));
  await rig.recorder.end("cancelled");
  const [first, second] = await rig.ledger.builds({ limit: 2 });
  assert.deepEqual([first!.end, second!.end], ["cancelled", "cancelled"]);
  const [attempt] = await rig.ledger.attempts([1]);
  assert.equal(attempt!.end, "stopped");
});

test("a long log is kept packed and read as it was", async () => {
  await using rig = new RecordRig();
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
  rig.tell(planned("a"), started("a", "box"), ...lines.map((text) => line("a", text)), realised("a"));
  await rig.recorder.end("done");
  const build = await rig.build("a");
  const files = readdirSync(join(rig.stateDir, "logs"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((file) => /\.(log|part|tmp)$/.test(file)),
    [],
  );
  assert.equal(await logOf(rig, build, undefined), lines.map((text) => `${text}\n`).join(""));
});

test("who follows a build reads what comes, over its attempts, until it ends", async () => {
  await using rig = new RecordRig();
  rig.tell(planned("a"), started("a", "box"), line("a", "one"));
  await rig.recorder.numbers();
  const build = await rig.build("a");
  const read = new Reader(
    followBuild(build, {
      ledger: rig.ledger,
      stateDir: rig.stateDir,
      signal: new AbortController().signal,
      onAttempt: ({ attempt }) => read.note(`<${attempt}>`),
    }),
  );
  await read.until(/one\n/);
  rig.tell(line("a", "two"));
  await read.until(/two\n/);
  rig.tell({
    kind: "attempt-lost",
    drvPath: drv("a"),
    builder: "box",
    loss: "transport",
    message: "",
    atMs: 9,
  });
  rig.tell(started("a", "box"), line("a", "three"), realised("a"));
  await rig.recorder.end("done");
  await read.ended;
  assert.equal(read.text, "<1>one\ntwo\n<2>three\n");
});

test("where the record cannot be written, that is said once and the events go on", async () => {
  await using rig = new RecordRig();
  rig.ledger.write = async () => {
    throw new Error("disk full");
  };
  rig.tell(planned("a"), started("a", "box"), realised("a"));
  await rig.recorder.end("done");
  assert.deepEqual(rig.faults, ["what is built is not recorded: disk full"]);
});

/** Reads a stream in the background. */
class Reader {
  text = "";
  readonly ended: Promise<void>;
  #arrived = new Deferred<void>();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  note(text: string): void {
    this.text += text;
    this.#arrived.resolve();
    this.#arrived = new Deferred();
  }

  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await this.#arrived.promise;
  }

  async #read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of stream) this.note(Buffer.from(chunk).toString());
  }
}

async function logOf(
  { ledger, stateDir }: RecordRig,
  build: Awaited<ReturnType<RecordRig["build"]>>,
  attempt: number | undefined,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await findLog(ledger, [build], { stateDir, attempt })) ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function traits(name: string, local: boolean): BuilderTraits {
  const offers = { systems: ["x86_64-linux"], supportedFeatures: [], mandatoryFeatures: [] };
  return { name, local, ...offers, maxJobs: 1, speedFactor: 1, takesGraphs: false };
}

function planned(...names: readonly string[]): BuildEvent {
  return { kind: "planned", atMs: 1, builds: names.map(drv), needs: names.map(() => []), alreadyThere: 0 };
}

function started(name: string, builder: string) {
  const about = { drvPath: drv(name), builder, attempt: 1, together: 1 };
  return { kind: "attempt-started", ...about, score: SCORE, others: [], atMs: 10 } as const;
}

function line(name: string, text: string): BuildEvent {
  return { kind: "log-line", drvPath: drv(name), line: text };
}

function realised(name: string, builder = "box"): BuildEvent {
  const outputs = new Map([["out", out(name)]]);
  const usage = { cpuUserUs: 10, memoryPeakBytes: 5_000_000 };
  const outcome = { kind: "realised", builder, how: "built", outputs, durationMs: 30, usage } as const;
  return { kind: "build-finished", drvPath: drv(name), outcome, atMs: 40 };
}

function infoOf(path: StorePath, narSize: number, signatures: readonly string[]): PathInfo {
  const hash = sha256("");
  return { path, narHash: hash, narSize, references: [], registrationTime: 0, ultimate: false, signatures };
}

const SCORE: Score = {
  totalMs: 1,
  durationMs: 1,
  transferMs: 0,
  loadMs: 0,
  localMs: 0,
  speed: 1,
  emulated: false,
  missingBytes: 0,
  running: 0,
  slots: 1,
  criticalPathMs: 1,
  waitedMs: 0,
};
