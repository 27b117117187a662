import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildLogFeed } from "#build/local/process/build-log-feed.ts";
import { type LogEvent, RESULT } from "#nix/log-event.ts";

test("lines come out whole, however the output is cut", () => {
  for (const size of [1, 2, 3, 7, 100])
    assert.deepEqual(said("one\ntwo\r\n10%\r50%\r100%\n\nlast", size).lines, [
      "one",
      "two",
      "100%",
      "",
      "last",
    ]);
});

test("a phase is an event and no line", () => {
  const { lines, phases } = said(
    'a\n@nix {"action":"setPhase","phase":"buildPhase"}\n@nix nonsense\n@nix {"action":"stop","id":1}\nb\n',
    5,
  );
  assert.deepEqual(phases, ["buildPhase"]);
  assert.deepEqual(lines, ["a", "@nix nonsense", "b"]);
});

test("a line without end is cut before it fills the memory", () => {
  const { lines } = said("x".repeat(3 * 1024 * 1024), 64 * 1024);
  assert.ok(lines.length >= 2);
  assert.equal(lines.join("").length, 3 * 1024 * 1024);
});

test("the last lines are remembered for the error", () => {
  assert.deepEqual(said("1\n2\n3\n4\n", 100).tail, ["3", "4"]);
});

function said(text: string, size: number) {
  const events: LogEvent[] = [];
  const feed = new BuildLogFeed({ activity: 1, log: (event) => events.push(event), tailLines: 2 });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) feed.update(bytes.subarray(at, at + size));
  feed.end();
  const ofType = (type: number) =>
    events.flatMap((event) => (event.kind === "result" && event.type === type ? [event.fields[0]] : []));
  return { lines: ofType(RESULT.buildLogLine), phases: ofType(RESULT.setPhase), tail: feed.tail };
}
