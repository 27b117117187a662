import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import type { BuildEvent } from "#build/events.ts";
import { followRun } from "#build/journal/follow-run.ts";
import { watchRun } from "#build/journal/run-door.ts";
import { checkRunId, RunFolder } from "#build/journal/run-folder.ts";
import { newRunId, RunJournal } from "#build/journal/run-journal.ts";
import { findRun, listRuns } from "#build/journal/run-list.ts";
import { statusShape } from "#build/journal/run-status.ts";
import { runStory } from "#rig/run-story.ts";

const scratch = mkdtempSync(join(tmpdir(), "elsewhere-journal-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const STORY = [...runStory({ builds: 12, builders: [{ name: "box", slots: 2 }], seed: 5, failEvery: 6 })];
const never = new AbortController().signal;

interface Begin {
  readonly id?: string;
  readonly stop?: () => void;
}

async function begin(stateDir: string, { id = newRunId(), stop = () => undefined }: Begin = {}) {
  const head = {
    id,
    pid: process.pid,
    command: "build" as const,
    what: [".#hello"],
    folder: "/",
    storeDir: "/nix/store",
    isDetached: true,
  };
  return await RunJournal.open(head, { stateDir, now: () => 1000, stop });
}

function stateDir(name: string): string {
  return join(scratch, name);
}

test("whoever follows sees what was written before and what comes, and then the end", async () => {
  const dir = stateDir("follow");
  const journal = await begin(dir);
  const folder = new RunFolder(dir, journal.id);
  for (const event of STORY.slice(0, 20)) journal.take(event);
  const watching = await watchRun(folder.head!.socket);
  const seen: BuildEvent[] = [];
  for await (const event of followRun(folder.events, { ended: watching!.ended, signal: never })) {
    seen.push(event);
    if (seen.length !== 20) continue;
    for (const later of STORY.slice(20)) journal.take(later);
    void journal.end({ exitCode: 100 });
  }
  assert.deepEqual(seen, STORY);
  assert.deepEqual(folder.end, { exitCode: 100, endedMs: 1000 });
});

test("a run that ended is followed to its end at once; its last line may be torn", async () => {
  const dir = stateDir("torn");
  const journal = await begin(dir);
  for (const event of STORY) journal.take(event);
  await journal.end({ exitCode: 0 });
  const { events } = new RunFolder(dir, journal.id);
  appendFileSync(events, '{"kind":"log-line","drvP');
  const seen = await Array.fromAsync(followRun(events, { ended: Promise.resolve(), signal: never }));
  assert.deepEqual(seen, STORY);
});

test("who follows can leave", async () => {
  const dir = stateDir("leave");
  const journal = await begin(dir);
  for (const event of STORY.slice(0, 5)) journal.take(event);
  const left = new AbortController();
  const { events } = new RunFolder(dir, journal.id);
  const seen: BuildEvent[] = [];
  for await (const event of followRun(events, { ended: new Promise(() => undefined), signal: left.signal })) {
    seen.push(event);
    if (seen.length === 5) left.abort();
  }
  assert.equal(seen.length, 5);
  await journal.end({ exitCode: 0 });
});

test("a run says how far it is while it runs, and a run that went without a word is known as one", async () => {
  const dir = stateDir("list");
  const journal = await begin(dir);
  for (const event of STORY.slice(0, 20)) journal.take(event);
  const [running] = await listRuns(dir);
  assert.equal(running!.state, "running");
  assert.equal(running!.status!.planned, 12);
  assert.ok(running!.status!.running.length > 0 && running!.status!.running.length <= 2);
  assert.equal((await findRun(dir, undefined)).head.id, journal.id);
  await journal.end({ exitCode: 0 });
  rmSync(join(new RunFolder(dir, journal.id).path, "end.json"));
  assert.deepEqual(
    (await listRuns(dir)).map(({ state }) => state),
    ["gone"],
  );
  await assert.rejects(findRun(dir, undefined), /none goes on/);
});

test("whoever waits is told of changes, and may ask the run to stop", async () => {
  const dir = stateDir("stop");
  let asked = 0;
  const journal = await begin(dir, { stop: () => void asked++ });
  const watching = (await watchRun(new RunFolder(dir, journal.id).head!.socket))!;
  const planned: number[] = [];
  for await (const { planned: many } of watching.status) {
    planned.push(many);
    if (many === 0) journal.take(STORY[0]!);
    else if (planned.length === 2) {
      watching.stop();
      watching.stop();
      const [first] = await listRuns(dir);
      assert.equal(first!.state, "running");
      await journal.end({ exitCode: 130 });
    }
  }
  assert.deepEqual(planned.slice(0, 2), [0, 12]);
  assert.equal(asked, 2);
});

test("a run is found by the beginning of its name, when only one begins so", async () => {
  const dir = stateDir("names");
  for (const id of ["abcdef", "abcxyz"]) await (await begin(dir, { id })).end({ exitCode: 0 });
  assert.equal((await findRun(dir, "abcd")).head.id, "abcdef");
  await assert.rejects(findRun(dir, "abc"), /abc(def and abcxyz|xyz and abcdef) begin so/);
  await assert.rejects(findRun(dir, "zz"), /none has that name/);
  for (const word of ["../x", "", "ABC", "a".repeat(9)]) assert.throws(() => checkRunId(word));
});

test("of old runs the newest are kept, and whatever still goes on", async () => {
  const dir = stateDir("prune");
  const going = await begin(dir, { id: "going0" });
  for (let n = 100; n < 155; n++) await (await begin(dir, { id: `run${n}` })).end({ exitCode: 0 });
  const ids = (await listRuns(dir)).map(({ head }) => head.id);
  assert.ok(ids.length <= 51, `${ids.length}`);
  assert.ok(ids.includes("going0") && ids.includes("run154"));
  await going.end({ exitCode: 0 });
});

test("logs are written down up to a limit, all else without one", async () => {
  const dir = stateDir("limit");
  const journal = await begin(dir);
  const { drvPath } = STORY.find((event) => event.kind === "attempt-started")!;
  const line = "x".repeat(1024 * 1024);
  for (let n = 0; n < 40; n++) journal.take({ kind: "log-line", drvPath, line });
  journal.take(STORY[0]!);
  await journal.end({ exitCode: 0 });
  const { events } = new RunFolder(dir, journal.id);
  const seen = await Array.fromAsync(followRun(events, { ended: Promise.resolve(), signal: never }));
  assert.equal(seen.filter(({ kind }) => kind === "log-line").length, 32);
  assert.deepEqual(
    seen.slice(32).map(({ kind }) => kind),
    ["message", "planned"],
  );
});

test("where the folder's name is too long for a socket, it listens elsewhere, and cleans up", async () => {
  const dir = stateDir("long/".repeat(30));
  const journal = await begin(dir);
  const { socket } = new RunFolder(dir, journal.id).head!;
  assert.ok(!socket.startsWith(dir) && existsSync(socket));
  await journal.end({ exitCode: 0 });
  assert.ok(!existsSync(socket));
});

test("a status that is none is refused", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.throws(() => statusShape(value, "status"), /Cannot read status/);
    }),
  );
});
