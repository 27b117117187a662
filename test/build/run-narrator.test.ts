import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { BuildEvent } from "#build/events.ts";
import { RunNarrator } from "#build/run-narrator.ts";
import { ACTIVITY, type LogEvent, RESULT } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR, printStorePath } from "#nix/store-path.ts";
import { anyBuildEvent } from "#rig/build-events.ts";
import { checkLogGrammar } from "#rig/log-grammar.ts";
import { runStory } from "#rig/run-story.ts";
import { formatLogLine, parseLogLine } from "#wire/internal-json/log-line.ts";

const BUILDERS = [
  { name: "ssh-ng://box", slots: 2 },
  { name: "here", slots: 1 },
];
const STORY = [...runStory({ builds: 20, builders: BUILDERS, seed: 2, failEvery: 8 })];

/** What a run says, as whoever reads the lines understands it. */
function told(story: Iterable<BuildEvent>): LogEvent[] {
  const lines: string[] = [];
  let made = 0;
  const narrator = new RunNarrator({
    storeDir: DEFAULT_STORE_DIR,
    log: (event) => lines.push(formatLogLine(event)),
    nextId: () => ++made,
    machineOf: (builder) => (builder === "here" ? "" : builder),
  });
  for (const event of story) narrator.take(event);
  narrator.close();
  return lines.map((line) => parseLogLine(line)!);
}

test("every activity is begun and ended once, with the fields that its readers count on", () => {
  checkLogGrammar(told(STORY));
});

test("whatever happens, what is told keeps to the grammar", () => {
  fc.assert(
    fc.property(fc.array(anyBuildEvent, { maxLength: 40 }), (story) => checkLogGrammar(told(story))),
    { numRuns: 100 },
  );
});

test("builds are told with their derivation, their machine and their result", () => {
  const events = told(STORY);
  const builds = events.filter((event) => event.kind === "start" && event.type === ACTIVITY.build);
  const finished = STORY.filter(
    (event) => event.kind === "build-finished" && event.outcome.kind !== "dependency-failed",
  );
  assert.equal(builds.length, finished.length);
  const remote = builds.find((event) => "fields" in event && event.fields[1] === "ssh-ng://box");
  assert.ok(remote?.kind === "start");
  assert.deepEqual(remote.text, `building '${remote.fields[0]}' on 'ssh-ng://box'`);
  assert.ok(builds.some((event) => event.kind === "start" && event.text === `building '${event.fields[0]}'`));
});

test("totals come to what really happened", () => {
  const events = told(STORY);
  const total = events.find((event) => event.kind === "start" && event.type === ACTIVITY.builds);
  assert.ok(total?.kind === "start");
  const last = events.findLast(
    (event) => event.kind === "result" && event.id === total.id && event.type === RESULT.progress,
  );
  const ended = STORY.filter((event) => event.kind === "build-finished");
  const good = ended.filter(({ outcome }) => outcome.kind === "realised").length;
  assert.deepEqual(last?.kind === "result" && last.fields, [good, 20, 0, ended.length - good]);
});

test("what will be built is said first, and a failure as Nix says it", () => {
  const [first, ...rest] = told(STORY).filter((event) => event.kind === "message");
  assert.deepEqual(first, { kind: "message", level: 3, text: "these 20 derivations will be built:" });
  const planned = STORY[0]!.kind === "planned" ? STORY[0].builds[0]! : undefined;
  assert.equal(rest[0]!.text, `  ${printStorePath(DEFAULT_STORE_DIR, planned!)}`);
  const failure = rest.find(({ level }) => level === 0)!;
  assert.match(
    failure.text.replaceAll(/\x1b\[[0-9;]*m/g, ""),
    /^error: Cannot build '\/nix\/store\/.*\.drv'\.\n {7}Reason: builder failed with exit code 1\.$/,
  );
  assert.match(
    failure.rawText!.replaceAll(/\x1b\[[0-9;]*m/g, ""),
    /^Cannot build '.*'\.\nReason: builder failed/,
  );
});
