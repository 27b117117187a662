import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LogEvent } from "#nix/log-event.ts";
import { anyLogEvent, anyText, record } from "#rig/arbitraries.ts";
import { fuzz } from "#rig/fuzz.ts";
import { formatLogLine, parseLogLine } from "#wire/internal-json/log-line.ts";

/** What Nix 2.34.8 wrote while it built, copied, fetched and failed. */
const OF_NIX = [
  `@nix {"action":"start","id":2263447764992,"level":6,"parent":0,"text":"querying info about missing paths","type":0}`,
  `@nix {"action":"stop","id":2263447764992}`,
  `@nix {"action":"msg","level":3,"msg":"these 2 derivations will be built:"}`,
  `@nix {"action":"result","fields":[101,0],"id":2263447764993,"type":106}`,
  `@nix {"action":"start","fields":["/nix/store/7c6fl6gg29jwdang3cp8cdbrwbg8d1x5-a.drv","",1,1],"id":2263447764997,"level":3,"parent":0,"text":"building '/nix/store/7c6fl6gg29jwdang3cp8cdbrwbg8d1x5-a.drv'","type":105}`,
  `@nix {"action":"result","fields":["wörld"],"id":2263447764997,"type":101}`,
  String.raw`@nix {"action":"msg","column":null,"file":null,"level":0,"line":null,"msg":"\u001b[31;1merror:\u001b[0m path '\u001b[35;1m/nonexist\u001b[0m' does not exist","raw_msg":"path '\u001b[35;1m/nonexist\u001b[0m' does not exist"}`,
  `@nix {"action":"start","fields":["/nix/store/zm51vnwk036ai0zbmm2kph1f1zgmnnl6-b","file:///tmp/cache","local"],"id":2413771620359,"level":3,"parent":2413771620358,"text":"copying path '/nix/store/zm51vnwk036ai0zbmm2kph1f1zgmnnl6-b' from 'file:///tmp/cache'","type":100}`,
];

test("a line of real Nix is read, and written again to the character", () => {
  for (const line of OF_NIX) assert.equal(formatLogLine(parseLogLine(line)!), line);
});

const anyMessage: fc.Arbitrary<LogEvent> = fc
  .record({ level: fc.nat({ max: 7 }), text: anyText, rawText: anyText }, { requiredKeys: ["level", "text"] })
  .map((message) => ({ kind: "message" as const, ...message }));
const anyLine = fc.oneof(
  record({ message: anyMessage }).map(({ message }) => message),
  anyLogEvent.filter(
    (event): event is Exclude<typeof event, { kind: "message" }> => event.kind !== "message",
  ),
);

test("every line is read as it was written; bytes that are no text are replaced, as by Nix", () => {
  fc.assert(
    fc.property(anyLine, (line) => {
      const written = formatLogLine(line);
      assert.doesNotMatch(written, /[\n\r]/);
      assert.deepEqual(parseLogLine(written), JSON.parse(JSON.stringify(line), wellFormed));
    }),
  );
});

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

test("ids above 2^53 stay apart", () => {
  const idOf = (id: string) => parseLogLine(`@nix {"action":"stop","id":${id}}`);
  assert.notDeepEqual(idOf("9007199254740993000"), idOf("9007199254740993001"));
});

test("what is not of the log is left alone", () => {
  assert.equal(parseLogLine("hello"), undefined);
  assert.equal(parseLogLine('@nix {"action":"setPhase","phase":"buildPhase"}'), undefined);
});

test("noise is refused in words that a person can read", async (t) => {
  const decode = (bytes: Buffer) => parseLogLine(`@nix ${bytes.toString()}`);
  await fuzz(t, { name: "log line", decode, seeds: OF_NIX.map((line) => line.slice(5)) });
});
