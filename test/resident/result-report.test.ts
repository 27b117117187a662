import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildOutcome, Origin } from "#build/events.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { ResultReport } from "#resident/result-report.ts";

const drvOf = (name: string) => parseStorePathBaseName(`${"0".repeat(32)}-${name}.drv`);
const outOf = (name: string) => parseStorePathBaseName(`${"1".repeat(32)}-${name}`);

function derivation(name: string, ...outputs: readonly string[]): Derivation {
  return {
    name,
    outputs: new Map(
      outputs.map((output) => [output, { kind: "input-addressed", path: outOf(`${name}-${output}`) }]),
    ),
    inputSources: [],
    inputDerivations: new Map(),
    system: "s",
    builder: "/b",
    args: [],
    env: new Map(),
  };
}

const graph = new Map([
  [drvOf("app"), derivation("app", "out", "dev")],
  [drvOf("lib"), derivation("lib", "out")],
]);

/** The answer about `app`, which needs `lib`, once the builds have ended so. */
function report(
  outcomes: Readonly<Record<string, BuildOutcome>>,
  origins: ReadonlyMap<StorePath, Origin> = new Map(),
): ResultReport {
  return new ResultReport({
    graph,
    wishes: [{ drvPath: drvOf("app"), outputs: ["dev", "out"] }],
    storeDir: DEFAULT_STORE_DIR,
    report: {
      outcomes: new Map(Object.entries(outcomes).map(([name, outcome]) => [drvOf(name), outcome])),
      origins,
      outputsOf: () =>
        new Map([
          ["out", outOf("app-out")],
          ["dev", outOf("app-dev")],
        ]),
      lies: new Map(),
      complete: false,
    },
  });
}

const BUILT: Origin = { kind: "built", builder: "box", drvPath: drvOf("app") };
const FAILED: BuildOutcome = { kind: "failed", builder: "box", status: "TimedOut", message: "timed out" };

test("what was built is told with the outputs that were asked for", () => {
  const origins = new Map([
    [outOf("app-out"), BUILT],
    [outOf("app-dev"), BUILT],
  ]);
  const result = report({}, origins).resultOf(drvOf("app"), ["out"]);
  assert.equal(result.status, "Built");
  assert.equal(result.timesBuilt, 1);
  assert.deepEqual([...result.builtOutputs.keys()], ["out"]);
  assert.equal(result.builtOutputs.get("out")!.outPath, outOf("app-out"));
  assert.equal(report({}, origins).resultOf(drvOf("app"), "*").builtOutputs.size, 2);
});

test("what was there, or came from a cache, is told as that", () => {
  const statusOf = (origin: Origin) =>
    report({}, new Map([[outOf("app-out"), origin]])).resultOf(drvOf("app"), ["out"]).status;
  assert.equal(statusOf({ kind: "already-there", store: "home" }), "AlreadyValid");
  assert.equal(statusOf({ kind: "copied", from: "box" }), "AlreadyValid");
  assert.equal(statusOf({ kind: "substituted", builder: "box" }), "Substituted");
});

test("what was built and did not come home is a failure that says which output", () => {
  const result = report({}, new Map([[outOf("app-out"), BUILT]])).resultOf(drvOf("app"), "*");
  assert.equal(result.status, "MiscFailure");
  assert.match(
    result.errorMessage,
    /output '\/nix\/store\/1{32}-app-dev' was built and could not be brought home/,
  );
});

test("a verdict keeps its status and words; what fell with it is told as Nix tells it", () => {
  const failed = report({ app: FAILED }).resultOf(drvOf("app"), "*");
  assert.deepEqual([failed.status, failed.errorMessage], ["TimedOut", "timed out"]);
  const fell = report({ app: { kind: "dependency-failed", because: drvOf("lib") }, lib: FAILED });
  const result = fell.resultOf(drvOf("app"), "*");
  assert.equal(result.status, "DependencyFailed");
  assert.match(result.errorMessage, /^Cannot build '.*-app\.drv'\.\nReason: 1 dependency failed\.$/);
  const said: LogEvent[] = [];
  fell.tellFailedInputs((event) => said.push(event));
  assert.deepEqual(said, [{ kind: "message", text: "error: timed out\n" }]);
});

test("a build that no machine was left for says why and what to do", () => {
  const outcome = { kind: "given-up", attempts: 3, message: "box went away", hint: "look at it" } as const;
  const result = report({ app: outcome }).resultOf(drvOf("app"), "*");
  assert.equal(result.status, "MiscFailure");
  assert.match(result.errorMessage, /Reason: box went away\nlook at it$/);
  assert.equal(report({ app: { kind: "cancelled" } }).resultOf(drvOf("app"), "*").status, "Cancelled");
});
