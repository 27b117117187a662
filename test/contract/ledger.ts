import assert from "node:assert/strict";
import { test } from "node:test";
import type { LedgerChange } from "#ledger/change.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { type ProcessIdentity, thisProcess } from "#ledger/process-identity.ts";
import type { Placement } from "#ledger/record.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";

/** A place for a ledger that several may open at once. */
export interface LedgerSubject extends AsyncDisposable {
  open(): Promise<Ledger>;
}

/** What every ledger does, whatever keeps it. */
export function ledgerContract(what: string, start: () => Promise<LedgerSubject>): void {
  const story = (name: string, tell: (ledger: Ledger, subject: LedgerSubject) => Promise<void>) =>
    test(`${what} ${name}`, async () => {
      await using subject = await start();
      await using ledger = await subject.open();
      await tell(ledger, subject);
    });

  story("numbers builds in their order, over all requests", async (ledger) => {
    await ledger.write([began("r1"), planned("r1", "a"), planned("r1", "b")]);
    await ledger.write([began("r2"), planned("r2", "a")]);
    const builds = await ledger.builds({ limit: 10 });
    assert.deepEqual(
      builds.map(({ number, request, drvPath }) => [number, request, drvPath]),
      [
        [3, "r2", drv("a")],
        [2, "r1", drv("b")],
        [1, "r1", drv("a")],
      ],
    );
  });

  story("keeps every attempt, with what was weighed and what it took", async (ledger) => {
    await ledger.write([
      began("r"),
      planned("r", "a"),
      attempt("r", "a", 1),
      ended("r", "a", 1, { end: "lost", detail: "vanished", message: "gone" }),
      attempt("r", "a", 2),
      { kind: "attempt-building", request: "r", drvPath: drv("a"), attempt: 2, atMs: 25 },
      ended("r", "a", 2, { end: "succeeded", cpuUserUs: 7, cpuSystemUs: 8, memoryPeakBytes: 9 }),
      built("r", "a"),
    ]);
    const [first, second, ...more] = await ledger.attempts([1]);
    assert.deepEqual(more, []);
    assert.deepEqual([first!.end, first!.detail, first!.message], ["lost", "vanished", "gone"]);
    assert.deepEqual(second!.placement, PLACEMENT);
    assert.deepEqual([second!.cpuUserUs, second!.cpuSystemUs, second!.memoryPeakBytes], [7, 8, 9]);
    assert.equal(second!.buildBeganMs, 25);
    assert.equal(first!.memoryPeakBytes, undefined);
    const [build] = await ledger.builds({ number: 1, limit: 1 });
    assert.deepEqual([build!.end, build!.builder, build!.durationMs], ["built", "box", 500]);
    assert.deepEqual(build!.outputs, new Map([["out", out("a")]]));
  });

  story("finds builds by each filter, and by all of them together", async (ledger) => {
    await ledger.write([
      began("r"),
      planned("r", "hello-2.12", { atMs: 100 }),
      planned("r", "zlib-1.3_x", { atMs: 200, system: "aarch64-linux" }),
      planned("r", "hello-2.13", { atMs: 300 }),
      attempt("r", "hello-2.12", 1, "mac"),
      ended("r", "hello-2.12", 1, { end: "lost" }),
      built("r", "hello-2.13"),
    ]);
    const names = async (filter: object) =>
      (await ledger.builds({ limit: 10, ...filter })).map(({ drvPath }) => drvPath.slice(33, -4));
    assert.deepEqual(await names({ pattern: "hello" }), ["hello-2.13", "hello-2.12"]);
    assert.deepEqual(await names({ pattern: "h*-2.1?" }), ["hello-2.13", "hello-2.12"]);
    assert.deepEqual(await names({ pattern: "3_x" }), ["zlib-1.3_x"]);
    assert.deepEqual(await names({ pattern: "2_12" }), [], "an underscore stands for itself");
    assert.deepEqual(await names({ pattern: "%" }), [], "a percent sign too");
    assert.deepEqual(await names({ system: "aarch64-linux" }), ["zlib-1.3_x"]);
    assert.deepEqual(await names({ builder: "mac" }), ["hello-2.12"], "where it was tried");
    assert.deepEqual(await names({ builder: "box" }), ["hello-2.13"], "where it ended");
    assert.deepEqual(await names({ ends: ["built"] }), ["hello-2.13"]);
    assert.deepEqual(await names({ ends: ["running"] }), ["zlib-1.3_x", "hello-2.12"]);
    assert.deepEqual(await names({ sinceMs: 200, untilMs: 300 }), ["zlib-1.3_x"]);
    assert.deepEqual(await names({ output: out("hello-2.13") }), ["hello-2.13"]);
    assert.deepEqual(await names({ drvPath: drv("hello-2.12") }), ["hello-2.12"]);
    assert.deepEqual(await names({ pattern: "hello", limit: 1 }), ["hello-2.13"]);
    assert.deepEqual(await names({ pattern: "hello", ends: ["failed"] }), []);
  });

  story("says how a path came to be, by whom it was signed, and where it went", async (ledger) => {
    const origin = { kind: "built", builder: "box", drvPath: drv("a") } as const;
    const contents = [{ path: out("a"), bytes: 12 }];
    await ledger.write([
      began("r"),
      planned("r", "a"),
      built("r", "a"),
      copied("r", { to: "home", paths: 1, contents }),
      copied("r", { to: "elsewhere", paths: 1, contents, error: "broken pipe" }),
      { kind: "path-arrived", request: "r", path: out("a"), origin, signedBy: ["key-1"], atMs: 50 },
    ]);
    assert.deepEqual(await ledger.provenance(out("a")), [
      { path: out("a"), request: "r", store: "home", origin, signedBy: ["key-1"], atMs: 50, build: 1 },
    ]);
    const copies = await ledger.copiesOf(out("a"));
    assert.deepEqual(
      copies.map(({ to }) => to),
      ["home"],
      "a copy that failed took it nowhere",
    );
    assert.equal((await ledger.copies("r")).length, 2);
    assert.deepEqual(await ledger.provenance(out("b")), []);
  });

  story("remembers what builds of a name took, whatever their version", async (ledger) => {
    await ledger.write([began("r")]);
    for (const version of ["1.0", "1.1", "2.0"])
      await ledger.write([
        planned("r", `hello-${version}`),
        attempt("r", `hello-${version}`, 1),
        ended("r", `hello-${version}`, 1, { end: "succeeded", memoryPeakBytes: 10 }),
        built("r", `hello-${version}`),
      ]);
    await ledger.write([
      planned("r", "hello-world-1"),
      built("r", "hello-world-1"),
      { kind: "output-sized", request: "r", path: out("hello-2.0"), bytes: 77 },
    ]);
    const samples = await ledger.samples(["hello"], 2);
    assert.deepEqual(
      samples.map(({ outputBytes, memoryPeakBytes, durationMs }) => [
        outputBytes,
        memoryPeakBytes,
        durationMs,
      ]),
      [
        [77, 10, 500],
        [undefined, 10, 500],
      ],
    );
  });

  story("calls interrupted what a killed process left open, and leaves alone what runs", async (ledger) => {
    const gone: ProcessIdentity = { ...thisProcess(), startTime: "1" };
    await ledger.write([
      began("dead", gone),
      planned("dead", "a"),
      attempt("dead", "a", 1),
      began("alive"),
      planned("alive", "a"),
      attempt("alive", "a", 1),
    ]);
    const [alive, dead] = await ledger.builds({ limit: 2 });
    assert.deepEqual([alive!.end, dead!.end], [undefined, "interrupted"]);
    const attempts = await ledger.attempts([1, 2]);
    assert.deepEqual(
      attempts.map(({ end }) => end),
      ["interrupted", undefined],
    );
    const requests = await ledger.requests(["dead", "alive"]);
    assert.deepEqual(requests.map(({ key, end }) => [key, end]).sort(), [
      ["alive", undefined],
      ["dead", "interrupted"],
    ]);
  });

  story("writes all changes or none", async (ledger) => {
    await ledger.write([began("r")]);
    await assert.rejects(ledger.write([planned("r", "a"), began("r")]));
    assert.deepEqual(await ledger.builds({ limit: 1 }), []);
  });

  story("is one for all who have it open", async (ledger, subject) => {
    await using other = await subject.open();
    await ledger.write([began("r1"), planned("r1", "a")]);
    await other.write([began("r2"), planned("r2", "a")]);
    for (const one of [ledger, other]) assert.equal((await one.builds({ limit: 9 })).length, 2);
  });

  story("forgets the oldest beyond its bounds, and never what still runs", async (ledger) => {
    await ledger.write([began("old"), planned("old", "running")]);
    for (const name of ["a", "b", "c", "d"]) await ledger.write([planned("old", name), built("old", name)]);
    const { builds, more } = await ledger.prune({ buildsMax: 2, beforeMs: 0 });
    assert.equal(more, false);
    assert.deepEqual(
      builds.map(({ drvPath }) => drvPath),
      [drv("a"), drv("b")],
    );
    const left = (await ledger.builds({ limit: 9 })).map(({ drvPath }) => drvPath);
    assert.deepEqual(left, [drv("d"), drv("c"), drv("running")]);
    await ledger.write([{ kind: "request-ended", request: "old", end: "done", atMs: 9 }]);
    const aged = await ledger.prune({ buildsMax: 100, beforeMs: 1_000_000 });
    assert.equal(aged.builds.length, 2);
    assert.equal((await ledger.requests(["old"])).length, 1, "one of its builds runs");
  });
}

/** The derivation and the output of a name, always the same ones. */
export function drv(name: string): StorePath {
  return parseStorePathBaseName(`g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-${name}.drv`);
}

export function out(name: string): StorePath {
  return parseStorePathBaseName(`h1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-${name}`);
}

const PLACEMENT: Placement = {
  score: {
    totalMs: 10,
    durationMs: 5,
    transferMs: 3,
    loadMs: 2,
    localMs: 0,
    speed: 1.5,
    emulated: false,
    missingBytes: 100,
    running: 1,
    slots: 4,
    criticalPathMs: 70,
    waitedMs: 1,
  },
  others: [{ builder: "mac", obstacle: { kind: "system", wanted: "x86_64-linux", offered: ["a", "b"] } }],
  faults: new Map([["far", "connection refused"]]),
  cores: 2,
};

function began(key: string, process = thisProcess()): LedgerChange {
  const said = { principal: "me", command: "elsewhere build", wishes: [".#x"], store: "home" };
  return { kind: "request-began", key, ...said, process, beganMs: 1 };
}

function planned(request: string, name: string, more: { atMs?: number; system?: string } = {}): LedgerChange {
  return { kind: "build-planned", request, drvPath: drv(name), system: "x86_64-linux", atMs: 2, ...more };
}

function attempt(request: string, name: string, number: number, builder = "box"): LedgerChange {
  const what = { request, drvPath: drv(name), attempt: number };
  return { kind: "attempt-began", ...what, builder, local: false, placement: PLACEMENT, atMs: 3 };
}

function ended(
  request: string,
  name: string,
  number: number,
  how: Omit<
    Extract<LedgerChange, { kind: "attempt-ended" }>,
    "kind" | "request" | "drvPath" | "attempt" | "atMs"
  >,
): LedgerChange {
  return { kind: "attempt-ended", request, drvPath: drv(name), attempt: number, atMs: 4, ...how };
}

function built(request: string, name: string): LedgerChange {
  const outputs = new Map([["out", out(name)]]);
  const how = { end: "built", builder: "box", durationMs: 500, outputs } as const;
  return { kind: "build-ended", request, drvPath: drv(name), atMs: 5, ...how };
}

function copied(
  request: string,
  more: Pick<Extract<LedgerChange, { kind: "copied" }>, "to" | "paths" | "contents"> & { error?: string },
): LedgerChange {
  return { kind: "copied", request, from: "box", bytes: 12, beganMs: 6, endedMs: 7, ...more };
}
