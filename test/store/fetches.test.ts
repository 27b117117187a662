import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ACTIVITY, type LogEvent, RESULT } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName } from "#nix/store-path.ts";
import { anyPath, anySize } from "#rig/arbitraries.ts";
import { checkLogGrammar } from "#rig/log-grammar.ts";
import { type FetchEvent, TOLD_EVERY_BYTES } from "#store/fetch-event.ts";
import { FetchNarrator } from "#store/fetch-narrator.ts";
import { FetchReader } from "#store/fetch-reader.ts";

const HELLO = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hello-2.12");
const CACHE = "https://cache.example.org";
const MIB = 1024 * 1024;

test("a fetch is told as Nix tells it: a substitution, in it a copy, in that the file on its way", () => {
  const file = { uri: `${CACHE}/nar/1.nar.xz`, bytes: 3 * MIB, bytesDone: MIB };
  const events = told([
    { kind: "fetch-started", id: 1, path: HELLO, from: CACHE, bytes: 8 * MIB },
    { kind: "fetch-progressed", id: 1, bytes: 2 * MIB, download: file },
    { kind: "fetch-finished", id: 1 },
  ]);
  const name = `/nix/store/${HELLO}`;
  const text = `copying path '${name}' from '${CACHE}'`;
  assert.deepEqual(events, [
    { kind: "start", id: 1, level: 0, type: 108, text: "", fields: [name, CACHE], parent: 0 },
    { kind: "start", id: 2, level: 3, type: 100, text, fields: [name, CACHE, "local"], parent: 1 },
    {
      ...{ kind: "start", id: 3, level: 4, type: 101, text: `downloading '${file.uri}'` },
      ...{ fields: [file.uri], parent: 2 },
    },
    { kind: "result", id: 3, type: RESULT.progress, fields: [MIB, 3 * MIB, 0, 0] },
    { kind: "result", id: 2, type: RESULT.progress, fields: [2 * MIB, 8 * MIB, 0, 0] },
    { kind: "stop", id: 3 },
    { kind: "stop", id: 2 },
    { kind: "stop", id: 1 },
  ]);
});

test("what is told is read again: which paths, from where, how far, and that it is over", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ path: anyPath, bytes: anySize }), { maxLength: 8 }), (paths) => {
      const story = paths.flatMap(({ path, bytes }, id): FetchEvent[] => [
        { kind: "fetch-started", id, path, from: CACHE, bytes },
        { kind: "fetch-progressed", id, bytes },
        { kind: "fetch-finished", id },
      ]);
      const events = told(story);
      checkLogGrammar(events);
      const seen = read(events);
      const started = seen.filter((event) => event.kind === "fetch-started");
      assert.deepEqual(
        started.map(({ path, from }) => ({ path, from })),
        paths.map(({ path }) => ({ path, from: CACHE })),
      );
      for (const [place, { id }] of started.entries()) {
        const last = seen.findLast((event) => event.kind === "fetch-progressed" && event.id === id);
        assert.equal(last?.kind === "fetch-progressed" && last.bytes, paths[place]!.bytes);
        assert.ok(seen.some((event) => event.kind === "fetch-finished" && event.id === id));
      }
    }),
  );
});

test("a store that tells every few kilobytes is not told on at that pace", () => {
  const copying = { kind: "result", id: 2, type: RESULT.progress } as const;
  const steps = Array.from({ length: 1024 }, (_, step): LogEvent => {
    return { ...copying, fields: [(step + 1) * 8192, 8 * MIB, 0, 0] };
  });
  const seen = read([...opening(1), ...steps, { kind: "stop", id: 2 }, { kind: "stop", id: 1 }]);
  const progress = seen.filter((event) => event.kind === "fetch-progressed");
  assert.ok(progress.length <= (8 * MIB) / TOLD_EVERY_BYTES + 2, `${progress.length} times`);
  assert.deepEqual(progress[0], { kind: "fetch-progressed", id: 2, bytes: 8192, bytesExpected: 8 * MIB });
  assert.equal(progress.at(-1)!.bytes, 8 * MIB);
});

test("a path that is copied and not substituted is no fetch", () => {
  const [, copy] = opening(1);
  assert.deepEqual(read([{ ...copy!, parent: 0 } as LogEvent]), []);
});

test("noise in a log is no fetch, and breaks nothing", () => {
  const anyId = fc.nat({ max: 6 });
  const anyField = fc.oneof(
    fc.string(),
    fc.double(),
    fc.maxSafeInteger(),
    fc.constant(`/nix/store/${HELLO}`),
  );
  const anyFields = { fields: fc.array(anyField, { maxLength: 4 }) };
  const anyEvent = fc.oneof(
    fc.record({
      kind: fc.constant("start" as const),
      id: anyId,
      level: fc.nat(),
      type: fc.constantFrom(...Object.values(ACTIVITY)),
      text: fc.string(),
      parent: anyId,
      ...anyFields,
    }),
    fc.record({ kind: fc.constant("result" as const), id: anyId, type: fc.constant(105), ...anyFields }),
    fc.record({ kind: fc.constant("stop" as const), id: anyId }),
  );
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      const open = new Set<number>();
      for (const event of read(events)) {
        if (event.kind === "fetch-started") open.add(event.id);
        else assert.ok(open.has(event.id), `${event.kind} of what was begun`);
        if (event.kind === "fetch-progressed") assert.ok(Number.isSafeInteger(event.bytes));
      }
    }),
    { numRuns: 500 },
  );
});

function told(story: readonly FetchEvent[]): LogEvent[] {
  const events: LogEvent[] = [];
  let made = 0;
  using narrator = new FetchNarrator({
    storeDir: DEFAULT_STORE_DIR,
    log: (event) => events.push(event),
    nextId: () => ++made,
  });
  for (const event of story) narrator.take(event);
  return events;
}

function read(events: readonly LogEvent[]): FetchEvent[] {
  const seen: FetchEvent[] = [];
  const reader = new FetchReader({ storeDir: DEFAULT_STORE_DIR, tell: (event) => seen.push(event) });
  for (const event of events) reader.take(event);
  return seen;
}

/** A substitution and its copy. */
function opening(id: number): LogEvent[] {
  return told([{ kind: "fetch-started", id, path: HELLO, from: CACHE, bytes: 0 }]).filter(
    ({ kind }) => kind === "start",
  );
}
