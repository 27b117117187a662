import fc from "fast-check";
import type { BuildEvent, BuildOutcome, BuildUsage, Origin } from "#build/events.ts";
import { BUILD_STATUSES } from "#nix/build-result.ts";
import { LOSSES } from "#schedule/loss.ts";
import type { BuilderVerdict, Obstacle, WaitReason } from "#schedule/reason.ts";
import type { Score } from "#schedule/score.ts";
import { anyDrvPath, anyName, anyPath, anySize, anyText, mapOf, record } from "./arbitraries.ts";

/** Objects with fields that may be absent. */
function partly<T extends object>(
  required: { [K in keyof T]?: fc.Arbitrary<unknown> },
  maybe: { [K in keyof T]?: fc.Arbitrary<unknown> },
): fc.Arbitrary<T> {
  return fc.record(
    { ...required, ...maybe },
    { requiredKeys: Object.keys(required) as never[], noNullPrototype: true },
  ) as fc.Arbitrary<T>;
}

function kind<K extends string>(name: K): { readonly kind: fc.Arbitrary<K> } {
  return { kind: fc.constant(name) };
}

const anyTime = fc.oneof(
  anySize,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((ms) => ms + 0),
);

const anyOrigin: fc.Arbitrary<Origin> = fc.oneof(
  record({ ...kind("already-there"), store: anyText }),
  record({ ...kind("built"), builder: anyText, drvPath: anyDrvPath }),
  partly<Extract<Origin, { kind: "substituted" }>>(
    { ...kind("substituted"), builder: anyText },
    { drvPath: anyDrvPath, from: anyText },
  ),
  record({ ...kind("copied"), from: anyText }),
);

const anyUsage = {
  usage: partly<BuildUsage>({}, { cpuUserUs: anySize, cpuSystemUs: anySize, memoryPeakBytes: anySize }),
};

const anyOutcome: fc.Arbitrary<BuildOutcome> = fc.oneof(
  partly<Extract<BuildOutcome, { kind: "realised" }>>(
    {
      ...kind("realised"),
      builder: anyText,
      how: fc.constantFrom("built" as const, "substituted" as const, "already-there" as const),
      outputs: mapOf(fc.oneof(anyName, fc.constantFrom("__proto__", "constructor")), anyPath),
      durationMs: anyTime,
    },
    anyUsage,
  ),
  partly<Extract<BuildOutcome, { kind: "failed" }>>(
    { ...kind("failed"), builder: anyText, status: fc.constantFrom(...BUILD_STATUSES), message: anyText },
    anyUsage,
  ),
  record({ ...kind("dependency-failed"), because: anyDrvPath }),
  partly<Extract<BuildOutcome, { kind: "given-up" }>>(
    { ...kind("given-up"), attempts: anySize, message: anyText },
    { hint: anyText },
  ),
  record(kind("cancelled")),
);

const anyAmount = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const anyScore: fc.Arbitrary<Score> = record({
  totalMs: anyAmount,
  durationMs: anyAmount,
  transferMs: anyAmount,
  loadMs: anyAmount,
  localMs: anyAmount,
  speed: anyAmount,
  emulated: fc.boolean(),
  missingBytes: anySize,
  running: anySize,
  slots: anySize,
  criticalPathMs: anyAmount,
  waitedMs: anyAmount,
});

const anyTexts = fc.array(anyText, { maxLength: 3 });
const anyLoss = { loss: fc.constantFrom(...LOSSES) };
const someBytes = { neededBytes: anySize, freeBytes: anySize };

const anyObstacle: fc.Arbitrary<Obstacle> = fc.oneof(
  record({ ...kind("system"), wanted: anyText, offered: anyTexts }),
  record({ ...kind("missing-features"), features: anyTexts }),
  record({ ...kind("mandatory-features"), features: anyTexts }),
  record(kind("no-slots")),
  record(kind("connecting")),
  record(kind("down")),
  record(kind("drained")),
  record({ ...kind("suspended"), ...anyLoss, untilMs: anyTime }),
  record({ ...kind("full"), running: anySize, slots: anySize }),
  record({ ...kind("no-memory"), ...someBytes }),
  record({ ...kind("no-disk"), ...someBytes }),
  record({ ...kind("lost-it"), ...anyLoss }),
  record({ ...kind("reserved"), task: anyText }),
);

const anyVerdict = partly<BuilderVerdict>({ builder: anyText }, { obstacle: anyObstacle, score: anyScore });

const anyWaitReason: fc.Arbitrary<WaitReason> = fc.oneof(
  record({ ...kind("inputs"), tasks: fc.array(anyText, { maxLength: 3 }) }),
  record({ kind: fc.constantFrom("nobody", "builders"), verdicts: fc.array(anyVerdict, { maxLength: 3 }) }),
  record({ ...kind("backing-off"), untilMs: anyTime, ...anyLoss }),
  record({ ...kind("better-builder"), builder: anyText, untilMs: anyTime }),
  record({ ...kind("fairness"), principal: anyText }),
  record({ ...kind("behind"), tasks: anySize }),
  record({ kind: fc.constantFrom("stopping", "stopped") }),
);

const build = { drvPath: anyDrvPath, builder: anyText };
const at = { atMs: anyTime };

/** Each kind of event by its name, so that none is forgotten. */
const BY_KIND: { [K in BuildEvent["kind"]]: fc.Arbitrary<Extract<BuildEvent, { kind: K }>> } = {
  planned: partly<Extract<BuildEvent, { kind: "planned" }>>(
    {
      ...kind("planned"),
      ...at,
      builds: fc.array(anyDrvPath, { maxLength: 4 }),
      needs: fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 4 }),
      alreadyThere: anySize,
    },
    { estimatesMs: fc.array(anySize, { maxLength: 4 }) },
  ),
  "builder-connecting": record({ ...kind("builder-connecting"), builder: anyText, ...at }),
  "builder-up": record({ ...kind("builder-up"), builder: anyText, slots: anySize, ...at }),
  "builder-down": record({ ...kind("builder-down"), builder: anyText, message: anyText, ...at }),
  "copy-started": record({
    ...kind("copy-started"),
    id: anySize,
    from: anyText,
    to: anyText,
    paths: anySize,
    bytes: anySize,
    route: fc.constantFrom("direct", "through-here"),
    ...at,
  }),
  "path-started": record({ ...kind("path-started"), id: anySize, path: anyPath, bytes: anySize, ...at }),
  "copy-progressed": record({
    ...kind("copy-progressed"),
    id: anySize,
    paths: anySize,
    bytes: anySize,
    ...at,
  }),
  "copy-finished": partly<Extract<BuildEvent, { kind: "copy-finished" }>>(
    { ...kind("copy-finished"), id: anySize, ...at },
    { error: anyText },
  ),
  "attempt-started": partly<Extract<BuildEvent, { kind: "attempt-started" }>>(
    {
      ...kind("attempt-started"),
      ...build,
      attempt: anySize,
      together: anySize,
      score: anyScore,
      others: fc.array(anyVerdict, { maxLength: 3 }),
      ...at,
    },
    { cores: anySize },
  ),
  "build-held": record({ ...kind("build-held"), drvPath: anyDrvPath, reason: anyWaitReason, ...at }),
  "fetch-started": partly<Extract<BuildEvent, { kind: "fetch-started" }>>(
    {
      ...kind("fetch-started"),
      id: anySize,
      path: anyPath,
      from: anyText,
      to: anyText,
      bytes: anySize,
      ...at,
    },
    { drvPath: anyDrvPath },
  ),
  "fetch-progressed": partly<Extract<BuildEvent, { kind: "fetch-progressed" }>>(
    { ...kind("fetch-progressed"), id: anySize, bytes: anySize, ...at },
    {
      bytesExpected: anySize,
      download: record({ uri: anyText, bytes: anySize, bytesDone: anySize }),
    },
  ),
  "fetch-finished": partly<Extract<BuildEvent, { kind: "fetch-finished" }>>(
    { ...kind("fetch-finished"), id: anySize, ...at },
    { error: anyText },
  ),
  "inputs-awaited": record({ ...kind("inputs-awaited"), ...build, ...at }),
  "inputs-fetched": record({ ...kind("inputs-fetched"), ...build, ...at }),
  "inputs-sent": record({ ...kind("inputs-sent"), ...build, ...at }),
  "build-began": record({ ...kind("build-began"), ...build, together: fc.boolean(), ...at }),
  "output-suspect": record({ ...kind("output-suspect"), drvPath: anyDrvPath, message: anyText }),
  phase: record({ ...kind("phase"), drvPath: anyDrvPath, phase: anyText }),
  "log-line": record({ ...kind("log-line"), drvPath: anyDrvPath, line: anyText }),
  "attempt-lost": record({ ...kind("attempt-lost"), ...build, ...anyLoss, message: anyText, ...at }),
  "build-finished": record({ ...kind("build-finished"), drvPath: anyDrvPath, outcome: anyOutcome, ...at }),
  "path-ready": partly<Extract<BuildEvent, { kind: "path-ready" }>>(
    { ...kind("path-ready"), path: anyPath, origin: anyOrigin },
    { at: anyText },
  ),
  message: partly<Extract<BuildEvent, { kind: "message" }>>(
    { ...kind("message"), builder: anyText, text: anyText },
    { isWarning: fc.boolean() },
  ),
};

export const anyBuildEvent: fc.Arbitrary<BuildEvent> = fc.oneof(...Object.values(BY_KIND));

/** For stories in which it does not matter why a builder was chosen. */
export const anyPlacement = {
  score: {
    totalMs: 0,
    durationMs: 0,
    transferMs: 0,
    loadMs: 0,
    localMs: 0,
    speed: 1,
    emulated: false,
    missingBytes: 0,
    running: 0,
    slots: 1,
    criticalPathMs: 0,
    waitedMs: 0,
  },
  others: [],
} as const;
