import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { formatEvent, parseEvent } from "#build/event-json.ts";
import { advance, emptyProgress } from "#cli/progress/progress.ts";
import { summaryOf } from "#cli/progress/summary/summary.ts";
import { ProgressView } from "#cli/progress/view.ts";
import { Screen } from "#rig/screen.ts";
import { screenTerminal } from "#rig/terminals.ts";

/** What a real run of twenty builds wrote down, of which one failed; `-k` was said. */
const RECORDED = readFileSync(new URL("recordings/failing-build.jsonl", import.meta.url), "utf8");
const EVENTS = RECORDED.trimEnd().split("\n").map(parseEvent);

/** Plays the recording on a screen, `look`ing after every event. */
function play(t: TestContext, columns: number, look: (screen: Screen, place: number) => void): Screen {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const screen = new Screen(columns, 24);
  let nowMs = 0;
  const view = new ProgressView(screenTerminal(screen), {
    logs: false,
    verbose: false,
    quiet: false,
    live: true,
    print: (path) => `/nix/store/${path}`,
    now: () => nowMs,
    signal: new AbortController().signal,
  });
  for (const [place, event] of EVENTS.entries()) {
    if ("atMs" in event) nowMs = event.atMs;
    view.take(event);
    t.mock.timers.tick(100);
    look(screen, place);
  }
  view[Symbol.dispose]();
  t.mock.timers.reset();
  return screen;
}

for (const columns of [60, 80, 120])
  test(`a recorded run shows what happens and keeps what was said, at ${columns} columns`, (t) => {
    const done: number[] = [];
    const screen = play(t, columns, (seen) => {
      const rows = seen.seen();
      const last = rows.at(-1)!;
      const found = /(\d+) of \d+ done/.exec(last);
      if (found) done.push(Number(found[1]));
      else assert.match(last, /^(connecting to the builders|finding out what there is) · \d s$/);
      assert.ok(rows.every((row) => row.length < columns || !/ of \d+ done/.test(row)));
    });
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
      "it never goes back",
    );
    assert.equal(done.at(-1), 13);
    const all = screen.all();
    assert.equal(all.filter((row) => /^built part_\d+ on ssh-ng:\/\/anna/.test(row)).length, 6);
    assert.equal(all.filter((row) => /^not begun: /.test(row)).length, 6);
    const boom = all.indexOf("  > boom");
    assert.deepEqual(all.slice(boom - 2, boom), ["last 2 log lines:", "  > step 1 of part_8"]);
  });

test("while it runs, the tree leads from what was asked for to what is built, with its phase", (t) => {
  const begun = EVENTS.findIndex((event) => event.kind === "phase");
  play(t, 80, (screen, place) => {
    if (place !== begun) return;
    assert.match(screen.seen().join("\n"), /^part_19( › …)?\n.*part_6 +anna +buildPhase +0 s$/m);
  });
});

test("at the end what failed is said once more", () => {
  const summary = summaryOf(EVENTS.reduce(advance, emptyProgress()), { columns: 80 });
  assert.match(
    summary,
    /\nfailed: part_8 on ssh-ng:\/\/anna: builder failed with exit code 3\n {2}> step 1 of part_8\n {2}> boom\n {2}all of it: elsewhere log part_8\n$/,
  );
});

test("what was recorded is written again as it was", () => {
  assert.equal(`${EVENTS.map(formatEvent).join("\n")}\n`.length, RECORDED.length);
});
