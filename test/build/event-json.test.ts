import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatEvent, parseEvent } from "#build/event-json.ts";
import { anyBuildEvent } from "#rig/build-events.ts";
import { fuzz } from "#rig/fuzz.ts";

test("an event is read as it was written, on one line, whatever it holds", () => {
  fc.assert(
    fc.property(anyBuildEvent, (event) => {
      const line = formatEvent(event);
      assert.doesNotMatch(line, /[\n\r]/);
      const overFile = Buffer.from(line).toString();
      assert.deepEqual(parseEvent(overFile), event);
    }),
    { numRuns: 500 },
  );
});

test("noise is refused in words that a person can read", async (t) => {
  const seeds = fc.sample(anyBuildEvent, { numRuns: 60, seed: 1 }).map(formatEvent);
  await fuzz(t, { name: "build event", decode: (bytes) => parseEvent(bytes.toString()), seeds });
});

test("what is wrong is named by its place", () => {
  const base = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-a.drv";
  const planned = { kind: "planned", atMs: 0, builds: [base, "x"], needs: [], alreadyThere: 0 };
  assert.throws(() => parseEvent(JSON.stringify(planned)), /store path 'x'/);
  assert.throws(() => parseEvent('{"kind":"sang"}'), /event\.kind: want one that is known, found "sang"/);
  assert.throws(
    () => parseEvent('{"kind":"message","builder":"b"}'),
    /Cannot read message\.text: want a text, found nothing/,
  );
});
