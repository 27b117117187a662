import { MalformedError } from "#base/errors.ts";
import {
  byKind,
  flag,
  list,
  literal,
  mapOf,
  number,
  object,
  optional,
  type Shape,
  text,
  whole,
} from "#base/json-shape.ts";
import { BUILD_STATUSES } from "#nix/build-result.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { LOSSES } from "#schedule/loss.ts";
import type { BuilderVerdict, Obstacle, WaitReason } from "#schedule/reason.ts";
import type { Score } from "#schedule/score.ts";
import type { Download } from "#store/fetch-event.ts";
import type { BuildEvent, BuildOutcome, BuildUsage, Origin } from "./events.ts";

/** An event as one line of JSON, without the line's end: its fields, with maps as objects. */
export function formatEvent(event: BuildEvent): string {
  return JSON.stringify(event, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value));
}

/** The event that a line of JSON holds. Throws for anything else, and for kinds of later versions. */
export function parseEvent(line: string): BuildEvent {
  return shape(parseJson(line), "event");
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new MalformedError("build event", line, "it is no JSON", { cause });
  }
}

const path: Shape<StorePath> = (value, where) => parseStorePathBaseName(text(value, where));

const origin = byKind<Origin>({
  "already-there": { store: text },
  built: { builder: text, drvPath: path },
  substituted: {
    builder: text,
    drvPath: optional(path),
    from: optional(text),
    signedBy: optional(list(text)),
  },
  copied: { from: text },
});

const usage = object<BuildUsage>({
  cpuUserUs: optional(number),
  cpuSystemUs: optional(number),
  memoryPeakBytes: optional(number),
});

const outcome = byKind<BuildOutcome>({
  realised: {
    builder: text,
    how: literal("built", "substituted", "already-there"),
    outputs: mapOf(path),
    durationMs: number,
    usage: optional(usage),
  },
  failed: {
    builder: text,
    status: literal(...BUILD_STATUSES, "MemoryLimitExceeded"),
    message: text,
    usage: optional(usage),
  },
  "dependency-failed": { because: path },
  "given-up": { attempts: whole, message: text, hint: optional(text) },
  cancelled: {},
});

export const scoreShape = object<Score>({
  totalMs: number,
  durationMs: number,
  transferMs: number,
  loadMs: number,
  localMs: number,
  speed: number,
  emulated: flag,
  missingBytes: number,
  running: whole,
  slots: whole,
  criticalPathMs: number,
  waitedMs: number,
});

const obstacle = byKind<Obstacle>({
  system: { wanted: text, offered: list(text) },
  "missing-features": { features: list(text) },
  "mandatory-features": { features: list(text) },
  "no-slots": {},
  connecting: {},
  down: {},
  drained: {},
  suspended: { loss: literal(...LOSSES), untilMs: number },
  full: { running: whole, slots: whole },
  "no-memory": { neededBytes: number, freeBytes: number },
  "no-disk": { neededBytes: number, freeBytes: number },
  "lost-it": { loss: literal(...LOSSES) },
  reserved: { task: text },
});

export const verdictShape = object<BuilderVerdict>({
  builder: text,
  obstacle: optional(obstacle),
  score: optional(scoreShape),
});

const waitReason = byKind<WaitReason>({
  inputs: { tasks: list(text) },
  nobody: { verdicts: list(verdictShape) },
  builders: { verdicts: list(verdictShape) },
  "backing-off": { untilMs: number, loss: literal(...LOSSES) },
  "better-builder": { builder: text, untilMs: number },
  fairness: { principal: text },
  behind: { tasks: whole },
  stopping: {},
  stopped: {},
});

/** The compiler holds this to `BuildEvent`: a kind or a field that is missing here does not compile. */
const shape = byKind<BuildEvent>({
  planned: {
    atMs: number,
    builds: list(path),
    needs: list(list(whole)),
    estimatesMs: optional(list(number)),
    alreadyThere: whole,
  },
  "builder-connecting": { builder: text, atMs: number },
  "builder-up": { builder: text, slots: whole, atMs: number },
  "builder-down": { builder: text, atMs: number, message: text },
  "copy-started": {
    id: whole,
    from: text,
    to: text,
    paths: whole,
    bytes: whole,
    route: literal("direct", "through-here"),
    contents: optional(list(object({ path, bytes: whole }))),
    atMs: number,
  },
  "path-started": { id: whole, path, bytes: whole, atMs: number },
  "copy-progressed": { id: whole, paths: whole, bytes: whole, atMs: number },
  "copy-finished": { id: whole, atMs: number, error: optional(text) },
  "fetch-started": {
    id: whole,
    path,
    from: text,
    to: text,
    bytes: whole,
    drvPath: optional(path),
    atMs: number,
  },
  "fetch-progressed": {
    id: whole,
    bytes: whole,
    bytesExpected: optional(whole),
    download: optional(object<Download>({ uri: text, bytes: whole, bytesDone: whole })),
    atMs: number,
  },
  "fetch-finished": { id: whole, atMs: number, error: optional(text) },
  "build-held": { drvPath: path, reason: waitReason, atMs: number },
  "attempt-started": {
    drvPath: path,
    builder: text,
    attempt: whole,
    together: whole,
    cores: optional(whole),
    score: scoreShape,
    others: list(verdictShape),
    atMs: number,
  },
  "inputs-awaited": { drvPath: path, builder: text, atMs: number },
  "inputs-fetched": { drvPath: path, builder: text, atMs: number },
  "inputs-sent": { drvPath: path, builder: text, atMs: number },
  "build-began": { together: flag, drvPath: path, builder: text, atMs: number },
  phase: { drvPath: path, phase: text },
  "log-line": { drvPath: path, line: text },
  "attempt-lost": { drvPath: path, builder: text, loss: literal(...LOSSES), message: text, atMs: number },
  "build-finished": { drvPath: path, outcome, atMs: number },
  "path-ready": { path, origin, at: optional(text) },
  "output-suspect": { drvPath: path, message: text },
  message: { builder: text, text, isWarning: optional(flag) },
});
