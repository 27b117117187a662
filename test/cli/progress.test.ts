import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes } from "#base/format-bytes.ts";
import type { BuildEvent } from "#build/events.ts";
import { linesOf } from "#cli/progress/lines.ts";
import { advance, emptyProgress, type Progress } from "#cli/progress/progress.ts";
import { summaryOf } from "#cli/progress/summary/summary.ts";
import { ProgressView } from "#cli/progress/view.ts";
import { formatDuration, tame } from "#cli/progress/words.ts";
import { styleFor } from "#cli/style.ts";
import { formatTable } from "#cli/table.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { anyPlacement } from "#rig/build-events.ts";
import { textTerminal } from "#rig/terminals.ts";

const hello = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-hello-2.12.drv");
const world = parseStorePathBaseName(
  "h1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-a-name-that-goes-on-and-on-and-on-for-much-longer.drv",
);

const STORY: readonly BuildEvent[] = [
  { kind: "planned", atMs: 0, builds: [hello, world], needs: [[], []], alreadyThere: 0 },
  { kind: "builder-connecting", builder: "ssh-ng://a-builder-with-a-long-name.example.org", atMs: 0 },
  { kind: "builder-up", builder: "ssh-ng://a-builder-with-a-long-name.example.org", slots: 2, atMs: 5 },
  { kind: "copy-started", id: 0, from: "home", to: "box", paths: 3, bytes: 4096, route: "direct", atMs: 6 },
  { kind: "copy-progressed", id: 0, paths: 1, bytes: 1024, atMs: 8 },
  {
    kind: "attempt-started",
    drvPath: hello,
    builder: "box",
    attempt: 1,
    together: 1,
    ...anyPlacement,
    atMs: 10,
  },
  {
    kind: "attempt-started",
    drvPath: world,
    builder: "ssh-ng://a-builder-with-a-long-name.example.org",
    attempt: 1,
    together: 1,
    ...anyPlacement,
    atMs: 10,
  },
  { kind: "phase", drvPath: world, phase: "installPhase" },
];

function fold(events: readonly BuildEvent[]): Progress {
  return events.reduce(advance, emptyProgress());
}

test("the summary says what was built where and what was sent there", () => {
  const events: BuildEvent[] = [
    ...STORY,
    { kind: "copy-finished", id: 0, atMs: 20 },
    {
      kind: "build-finished",
      drvPath: hello,
      outcome: { kind: "realised", builder: "box", how: "built", outputs: new Map(), durationMs: 1500 },
      atMs: 1510,
    },
    { kind: "path-ready", path: hello, origin: { kind: "built", builder: "box", drvPath: hello } },
  ];
  const summary = summaryOf(fold(events), { columns: 100 });
  assert.match(summary, /hello-2\.12 +built +box +1\.5 s/);
  assert.match(summary, /box +1 +0 +0 +1\.5 s +3 paths, 4\.0 KiB/);
  assert.match(summary, /hello-2\.12 +built on box/);
});

test("where the folder of a failed build is kept is told without being asked for more", () => {
  const options = {
    style: styleFor(false),
    colours: false,
    logs: false,
    verbose: false,
    endsOnly: false,
    tailOf: () => [],
    print: (path: string) => path,
  };
  const say = (text: string) => linesOf({ kind: "message", builder: "box", text }, options);
  assert.deepEqual(say("note: keeping build directory '\x1b[35;1m/nix/var/nix/builds/b\x1b[0m'\n"), [
    "box: note: keeping build directory '/nix/var/nix/builds/b'",
  ]);
  assert.deepEqual(say("checking outputs\n"), []);
});

test("a failed build shows the end of its log once, and how to see all of it", () => {
  const lines = linesOf(
    {
      kind: "build-finished",
      drvPath: hello,
      outcome: {
        kind: "failed",
        builder: "box",
        status: "PermanentFailure",
        message: "builder failed with exit code 1;\nlast 2 log lines:\n> a\n> b",
      },
      atMs: 0,
    },
    {
      style: styleFor(false),
      colours: false,
      logs: false,
      verbose: false,
      endsOnly: false,
      tailOf: () => ["a", "\x1b[31mb\x1b[0m"],
      print: (path) => `/nix/store/${path}`,
    },
  );
  assert.deepEqual(lines, [
    "failed hello-2.12 on box: builder failed with exit code 1",
    "last 2 log lines:",
    "  > a",
    "  > b",
    `  see all of it with: elsewhere log /nix/store/${hello}`,
  ]);
});

test("a log cannot move the cursor or ring the bell", () => {
  assert.equal(tame("a\x1b[2Jb\x07\x1b[31mc", { colours: false }), "abc");
  assert.equal(tame("a\x1b[2J\x1b[31mc", { colours: true }), "a\x1b[31mc");
  assert.equal(tame("10%\r50%\r100%", { colours: false }), "100%");
});

test("with no terminal the view writes plain lines; quietly, only what went wrong", () => {
  const said: string[] = [];
  const terminal = textTerminal((text) => said.push(text));
  const { signal } = new AbortController();
  const options = { logs: false, verbose: false, live: true, print: String, now: () => 0, signal };
  for (const quiet of [false, true]) {
    using view = new ProgressView(terminal, { ...options, quiet });
    for (const event of STORY) view.take(event);
  }
  assert.deepEqual(
    said.join(""),
    [
      "2 derivations to build\n",
      "building hello-2.12 on box\n",
      "building a-name-that-goes-on-and-on-and-on-for-much-longer on ssh-ng://a-builder-with-a-long-name.example.org\n",
    ].join(""),
  );
});

test("a table gives way in its widest column", () => {
  const table = formatTable(["a", "b"], [["x".repeat(100), "yes"]], 40);
  for (const line of table.trimEnd().split("\n")) assert.ok(line.length <= 40);
  assert.match(table, /…/);
});

test("sizes and times read as people say them", () => {
  assert.deepEqual([0, 300, 1536, 3 * 2 ** 30].map(formatBytes), ["0 B", "300 B", "1.5 KiB", "3.0 GiB"]);
  assert.deepEqual([300, 12_000, 185_000, 7_800_000].map(formatDuration), [
    "0.3 s",
    "12 s",
    "3 m 05 s",
    "2 h 10 m",
  ]);
});
