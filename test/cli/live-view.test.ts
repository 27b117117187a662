import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { BuildEvent } from "#build/events.ts";
import { LiveWindow } from "#cli/progress/live-window.ts";
import { advance, emptyProgress, type Progress } from "#cli/progress/progress.ts";
import { summaryOf } from "#cli/progress/summary/summary.ts";
import { ProgressView } from "#cli/progress/view.ts";
import { displayWidth, fit } from "#cli/progress/width.ts";
import { windowLines } from "#cli/progress/window.ts";
import { styleFor } from "#cli/style.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { anyBuildEvent, anyPlacement } from "#rig/build-events.ts";
import { runStory } from "#rig/run-story.ts";
import { Screen } from "#rig/screen.ts";
import { screenTerminal } from "#rig/terminals.ts";
import type { WaitReason } from "#schedule/reason.ts";

const BUILDERS = [
  { name: "ssh-ng://me@anna.example.org", slots: 4 },
  { name: "ssh-ng://bert", slots: 2 },
  { name: "here", slots: 1 },
];
const STORY = [...runStory({ builds: 40, builders: BUILDERS, seed: 7, failEvery: 11 })];
const style = styleFor(false);

/** What was known at a moment of a story. */
function progressAt(story: readonly BuildEvent[], atMs: number): Progress {
  return story.filter((event) => !("atMs" in event) || event.atMs <= atMs).reduce(advance, emptyProgress());
}

test("at 60 columns one glance says how far, what runs where for how long", () => {
  assert.deepEqual(windowLines(progressAt(STORY, 14000), { nowMs: 14000, columns: 60, rows: 24, style }), [
    "lib-4 › … › glibc-0        anna.example…  building      12 s",
    "glibc-7                    bert           building      11 s",
    "perl5.40-module-23 › linux-headers-22",
    "├ python3.13-package-10    anna.example…  building       5 s",
    "└ doc-20                   bert           building       4 s",
    "… › unicode-data-26        anna.example…  building       1 s",
    "doc-27                     anna.example…  sending 49 %   3 s",
    "lib-39 › … › glibc-28      here           sending        0 s",
    "anna.example.org  4 of 4   ↑ 28 of 57 MiB, 16 MiB/s",
    "bert              2 of 2",
    "here              1 of 1   ↑ 0 B of 31 MiB",
    "5 of 40 done · 5 building · 2 sending · about 50 s left",
  ]);
});

test("at 110 columns the ways are longer and there is a bar", () => {
  assert.deepEqual(windowLines(progressAt(STORY, 14000), { nowMs: 14000, columns: 110, rows: 24, style }), [
    "lib-4 › linux-headers-1 › glibc-0                                         anna.example.org  building      12 s",
    "glibc-7                                                                   bert              building      11 s",
    "perl5.40-module-23 › linux-headers-22",
    "├ unicode-data-19 › … › glibc-14 › python3.13-package-10                  anna.example.org  building       5 s",
    "└ doc-20                                                                  bert              building       4 s",
    "linux-headers-29 › unicode-data-26                                        anna.example.org  building       1 s",
    "doc-27                                                                    anna.example.org  sending 49 %   3 s",
    "lib-39 › … › unicode-data-33 › python3.13-package-31 › glibc-28           here              sending        0 s",
    "anna.example.org  ■■■▪  4 of 4   ↑ 28 of 57 MiB, 16 MiB/s",
    "bert              ■■  2 of 2",
    "here              ▪  1 of 1   ↑ 0 B of 31 MiB",
    "━━━━────────────  5 of 40 done · 5 building · 2 sending · 8 ready · 20 waiting · 14 s · about 50 s left",
  ]);
});

test("no line is too wide and there are never too many, whatever happens in a terminal of whatever size", () => {
  const anyMoment = fc.record({
    story: fc.oneof(
      fc.array(anyBuildEvent, { maxLength: 60 }),
      fc
        .record({ seed: fc.nat(), upTo: fc.nat({ max: 300 }) })
        .map(({ seed, upTo }) =>
          [...runStory({ builds: 50, builders: BUILDERS, seed, failEvery: 9 })].slice(0, upTo),
        ),
    ),
    columns: fc.integer({ min: 4, max: 200 }),
    rows: fc.integer({ min: 4, max: 70 }),
    nowMs: fc.nat({ max: 100_000 }),
  });
  fc.assert(
    fc.property(anyMoment, ({ story, ...size }) => {
      const lines = windowLines(story.reduce(advance, emptyProgress()), { ...size, style });
      assert.ok(lines.length >= 1 && lines.length <= Math.max(1, size.rows - 3), `${lines.length} lines`);
      for (const line of lines) {
        assert.ok(displayWidth(line) <= size.columns, `${displayWidth(line)}: ${line}`);
        assert.doesNotMatch(line, /[\x00-\x1f\x7f]/);
      }
    }),
    { numRuns: 200 },
  );
});

test("what is sent, built, handed over and ready are different things", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => drvNamed(name));
  const on = { builder: "box", atMs: 1000 };
  const attempt = { kind: "attempt-started" as const, attempt: 1, ...anyPlacement, ...on };
  const story: BuildEvent[] = [
    { kind: "planned", atMs: 0, builds: [a!, b!, c!, d!], needs: [[], [], [], []], alreadyThere: 0 },
    { kind: "builder-up", builder: "box", slots: 4, atMs: 0 },
    { ...attempt, drvPath: a!, together: 1 },
    {
      kind: "copy-started",
      id: 1,
      from: "home",
      to: "box",
      paths: 2,
      bytes: 1000,
      route: "direct",
      atMs: 1000,
    },
    { kind: "copy-progressed", id: 1, paths: 1, bytes: 250, atMs: 2000 },
    { ...attempt, drvPath: b!, together: 1 },
    { kind: "inputs-sent", drvPath: b!, ...on },
    { kind: "build-began", together: false, drvPath: b!, ...on },
    { kind: "phase", drvPath: b!, phase: "checkPhase" },
    { ...attempt, drvPath: c!, together: 2 },
    { kind: "inputs-sent", drvPath: c!, ...on },
  ];
  const progress = story.reduce(advance, emptyProgress());
  const said = windowLines(progress, { nowMs: 3000, columns: 100, rows: 24, style }).join("\n");
  assert.match(said, /^a +box +sending 25 % +2 s$/m);
  assert.match(said, /^b +box +checkPhase +2 s$/m);
  assert.match(said, /^box +■▪·· +2 of 4 +1 handed over +↑ 250 of 1000 B, 250 B\/s$/m);
  assert.match(said, /0 of 4 done · 1 building · 1 sending · 1 handed over · 1 ready · 3 s$/);
});

for (const columns of [60, 80, 120])
  test(`what is fetched is seen with its cache and how far it is, at ${columns} columns`, () => {
    const [waiting, taken] = ["waiting", "taken"].map((name) => drvNamed(name));
    const glibc = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-glibc-2.40");
    const cache = "https://cache.example.org";
    const on = { builder: "box", atMs: 1000 };
    const attempt = { kind: "attempt-started" as const, attempt: 1, together: 1, ...anyPlacement, ...on };
    const fetch = { kind: "fetch-started" as const, path: glibc, from: cache, bytes: 40 * 2 ** 20 };
    const story: BuildEvent[] = [
      { kind: "planned", atMs: 0, builds: [waiting!, taken!], needs: [[], []], alreadyThere: 0 },
      { kind: "builder-up", builder: "box", slots: 4, atMs: 0 },
      { ...fetch, id: 1, to: "local", atMs: 500 },
      { ...attempt, drvPath: waiting! },
      { kind: "inputs-awaited", drvPath: waiting!, ...on },
      { ...attempt, drvPath: taken! },
      { kind: "inputs-sent", drvPath: taken!, ...on },
      { ...fetch, id: 2, to: "box", drvPath: taken!, bytes: 0, atMs: 1000 },
      { kind: "fetch-progressed", id: 1, bytes: 10 * 2 ** 20, atMs: 1500 },
      { kind: "fetch-progressed", id: 2, bytes: 2 ** 20, bytesExpected: 2 * 2 ** 20, atMs: 2000 },
    ];
    const during = story.reduce(advance, emptyProgress());
    const seen = windowLines(during, { nowMs: 3000, columns, rows: 24, style });
    assert.deepEqual(
      seen.map((line) => line.replaceAll(/ +/g, " ").replace(/^━+ /, "")),
      [
        "waiting box fetching 2 s",
        "taken box fetching 50 % 2 s",
        columns === 60
          ? "glibc-2.40 cache.exampl… fetching 25 % 2 s"
          : `glibc-2.40 cache.example.org fetching 25 %${columns === 120 ? ", 10 MiB/s" : ""} 2 s`,
        columns === 60
          ? "box 2 of 4 fetching 1.0 of 2.0 MiB, 1.0 MiB/s"
          : "box ▪▪·· 2 of 4 fetching 1.0 of 2.0 MiB, 1.0 MiB/s",
        "0 of 2 done · 2 fetching · 3 s",
      ],
    );
    const end: BuildEvent[] = [
      { kind: "inputs-fetched", drvPath: waiting!, ...on },
      { kind: "fetch-finished", id: 1, atMs: 3000 },
      { kind: "fetch-finished", id: 2, atMs: 3000, error: "it was cut off" },
      { kind: "build-began", together: false, drvPath: taken!, ...on },
    ];
    const after = end.reduce(advance, during);
    const said = windowLines(after, { nowMs: 4000, columns, rows: 24, style }).join("\n");
    assert.match(said, /^waiting +box +sending/m);
    assert.match(said, /^taken +box +building/m);
    assert.doesNotMatch(said, /fetching/);
    assert.match(
      summaryOf(after, {}),
      /^fetched 1 path \(40 MiB\) from https:\/\/cache\.example\.org; 1 path did not come whole$/m,
    );
  });

test("what stands still says why; that all builders are busy is no news", () => {
  const [stuck, next] = ["stuck", "next"].map((name) => drvNamed(name));
  const held = (drvPath: StorePath, reason: WaitReason): BuildEvent => ({
    kind: "build-held",
    drvPath,
    reason,
    atMs: 2000,
  });
  const obstacle = { kind: "missing-features" as const, features: ["kvm"] };
  const story: BuildEvent[] = [
    { kind: "planned", atMs: 0, builds: [stuck!, next!], needs: [[], []], alreadyThere: 0 },
    { kind: "builder-up", builder: "box", slots: 1, atMs: 0 },
    held(stuck!, { kind: "nobody", verdicts: [{ builder: "box", obstacle }] }),
    held(next!, { kind: "behind", tasks: 1 }),
  ];
  const size = { nowMs: 3000, columns: 100, rows: 24, style };
  const still = windowLines(story.reduce(advance, emptyProgress()), size);
  assert.deepEqual(still.slice(0, 2), [
    "stuck waits for a builder. box: it lacks the feature kvm",
    "next waits behind 1 other build",
  ]);
  const attempt = { ...anyPlacement, drvPath: next!, builder: "box", attempt: 1, together: 1, atMs: 3000 };
  const going: BuildEvent[] = [...story, { kind: "attempt-started", ...attempt }];
  const said = windowLines(going.reduce(advance, emptyProgress()), size).join("\n");
  assert.match(said, /^stuck waits for a builder/m);
  assert.doesNotMatch(said, /next waits/);
});

test("known durations tell about how long it will take, before anything is done", () => {
  const builds = ["a", "b", "c"].map((name) => drvNamed(name));
  const story: BuildEvent[] = [
    {
      kind: "planned",
      atMs: 0,
      builds,
      needs: [[], [0], [1]],
      estimatesMs: [600_000, 0, 600_000],
      alreadyThere: 0,
    },
  ];
  const said = windowLines(story.reduce(advance, emptyProgress()), {
    nowMs: 0,
    columns: 100,
    rows: 24,
    style,
  });
  assert.match(said.at(-1)!, /about 30 m left/);
});

test("the screen shows the lines that were meant and above them all that was said, after any frames", () => {
  const anyLine = fc.string({ unit: fc.constantFrom("a", "b", "漢", "é", "👩‍💻", " "), maxLength: 30 });
  const anyFrame = fc.record({
    above: fc.array(anyLine, { maxLength: 3 }),
    lines: fc.array(
      anyLine.map((line) => fit(line, 19)),
      { maxLength: 6 },
    ),
  });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), (frames) => {
      const screen = new Screen(20, 10);
      const window = new LiveWindow((text) => screen.write(text));
      for (const { above, lines } of frames) window.show(above, lines, 20);
      const said = frames.flatMap(({ above }) => above);
      const wanted = [...said.flatMap((line) => rowsIn(line, 20)), ...(frames.at(-1)?.lines ?? [])];
      assert.deepEqual(
        screen.all().map((line) => line.trimEnd()),
        withoutEnd(wanted.map((line) => line.trimEnd())),
      );
      assert.equal(screen.isSynchronised, false);
    }),
  );
});

test("a story on a screen that is made narrow, wide, low and high again leaves one window and every line that was said", (t) => {
  const { view, screen, terminal, now } = playing(t, 100, 30);
  const sizes = [
    [60, 24],
    [41, 18],
    [130, 50],
    [80, 24],
  ] as const;
  for (const [place, event] of STORY.entries()) {
    now.ms = "atMs" in event ? event.atMs : now.ms;
    view.take(event);
    if (place % 5 === 0) t.mock.timers.tick(100);
    const size = sizes[Math.floor((place * sizes.length) / STORY.length)]!;
    if (screen.columns !== size[0]) terminal.resize(size[0], size[1]);
    const shown = screen.all().filter((line) => / of 40 done/.test(line));
    assert.ok(shown.length <= 1, shown.join("\n"));
  }
  view[Symbol.dispose]();
  const said = screen.all();
  const ended = STORY.filter(({ kind }) => kind === "build-finished").length;
  assert.equal(said.filter((line) => /^(built|failed|not begun:) /.test(line)).length, ended);
  assert.ok(!said.some((line) => / of 40 done/.test(line)), "the window is gone");
});

test("while only time passes, only what tells the time is written", (t) => {
  const { view, screen, now } = playing(t, 100, 30);
  for (const event of STORY.slice(0, 120)) {
    view.take(event);
    if ("atMs" in event) now.ms = event.atMs;
  }
  t.mock.timers.tick(100);
  const whole = screen.written;
  t.mock.timers.tick(100);
  assert.equal(screen.written, whole, "nothing has changed: nothing is written");
  now.ms += 1000;
  t.mock.timers.tick(100);
  assert.ok(screen.written - whole < whole, `${screen.written - whole} of ${whole} characters`);
  view[Symbol.dispose]();
});

test("Ctrl-C is answered on the screen at once", (t) => {
  const { view, screen, stop } = playing(t, 80, 24);
  for (const event of STORY.slice(0, 60)) view.take(event);
  t.mock.timers.tick(100);
  stop.abort();
  assert.match(screen.seen().at(-1)!, /stopping… \(again to leave at once\) · \d+ still under way/);
  view[Symbol.dispose]();
});

test("an event among ten thousand builds costs no more than one among a thousand", () => {
  const perEventUs = (builds: number) => {
    const story = [...runStory({ builds, builders: MANY_BUILDERS, seed: 3, failEvery: 100 })];
    const progress = emptyProgress();
    // The plan is read once; what comes after it is what must be cheap.
    advance(progress, story[0]!);
    const begun = process.cpuUsage();
    for (const event of story.slice(1)) advance(progress, event);
    const { user, system } = process.cpuUsage(begun);
    assert.equal(progress.graph.counts.ended, builds);
    return (user + system) / story.length;
  };
  perEventUs(1000);
  const [few, many] = [perEventUs(1000), perEventUs(10_000)];
  assert.ok(many < Math.max(5 * few, 20), `${few} µs, then ${many} µs`);
});

test("a frame of ten thousand builds is drawn in a few milliseconds", () => {
  const story = [...runStory({ builds: 10_000, builders: MANY_BUILDERS, seed: 3 })];
  const progress = story.slice(0, story.length / 2).reduce(advance, emptyProgress());
  const begun = process.cpuUsage();
  for (let frame = 0; frame < 100; frame++)
    windowLines(progress, { nowMs: 1_000_000 + frame * 1000, columns: 120, rows: 50, style });
  const { user, system } = process.cpuUsage(begun);
  assert.ok(user + system < 100 * 20_000, `${(user + system) / 100} µs a frame`);
});

const MANY_BUILDERS = Array.from({ length: 20 }, (_, n) => ({ name: `ssh-ng://builder-${n}`, slots: 8 }));

function playing(t: TestContext, columns: number, rows: number) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const screen = new Screen(columns, rows);
  const terminal = screenTerminal(screen);
  const now = { ms: 0 };
  const stop = new AbortController();
  const view = new ProgressView(terminal, {
    logs: false,
    verbose: false,
    quiet: false,
    live: true,
    print: String,
    now: () => now.ms,
    signal: stop.signal,
  });
  return { view, screen, terminal, now, stop };
}

function drvNamed(name: string): StorePath {
  return parseStorePathBaseName(`g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-${name}.drv`);
}

/** The rows that a line takes: a character that would be cut in two goes to the next. */
function rowsIn(line: string, columns: number): string[] {
  const rows = [""];
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (displayWidth(rows.at(-1)! + segment) > columns) rows.push("");
    rows[rows.length - 1] += segment;
  }
  return rows;
}

function withoutEnd(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}
