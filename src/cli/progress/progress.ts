import { unreachable } from "#base/errors.ts";
import type { BuildEvent, BuildOutcome, Origin } from "#build/events.ts";
import { LogTails } from "#build/log-tails.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { WaitReason } from "#schedule/reason.ts";
import { BuildGraph, type BuildNode, type Stage } from "./build-graph.ts";
import { type BuilderLoad, countIn, newLoad } from "./builder-load.ts";
import { type Moves, move, noMoves } from "./moves.ts";

/** What a person wants to know of a run at any moment: the sum of its events. */
export interface Progress extends Moves {
  readonly graph: BuildGraph;
  readonly builders: Map<string, BuilderLoad>;
  readonly ended: Map<StorePath, BuildOutcome>;
  readonly origins: Map<StorePath, Origin>;
  /** Where those of them lie that were not to be brought here. */
  readonly lies: Map<StorePath, string>;
  /** Why builds wait that could be begun, as far as that was told. */
  readonly held: Map<StorePath, { readonly reason: WaitReason; readonly atMs: number }>;
  /** The last lines of the logs of what has not ended well. */
  readonly tails: LogTails;
  /** Whether it is known what is to be built. */
  isPlanned: boolean;
  failures: number;
  /** When the first thing happened, and the latest. */
  startedMs: number | undefined;
  latestMs: number;
  /** Builds that were really built in this run, and what they took together. */
  built: { readonly count: number; readonly ms: number };
}

export function emptyProgress(): Progress {
  return {
    graph: new BuildGraph(),
    builders: new Map(),
    ...noMoves(),
    ended: new Map(),
    origins: new Map(),
    lies: new Map(),
    held: new Map(),
    tails: new LogTails(),
    isPlanned: false,
    failures: 0,
    startedMs: undefined,
    latestMs: 0,
    built: { count: 0, ms: 0 },
  };
}

/** Adds one event, at the same cost however much there is. The progress that is given is spent and lives on in the next. */
export function advance(progress: Progress, event: BuildEvent): Progress {
  if ("atMs" in event) {
    progress.startedMs ??= event.atMs;
    progress.latestMs = event.atMs;
  }
  add(progress, event);
  return progress;
}

function add(progress: Progress, event: BuildEvent): void {
  const { graph } = progress;
  switch (event.kind) {
    case "planned":
      progress.isPlanned = true;
      graph.plan(event.builds, event.needs, event.estimatesMs);
      return;
    case "builder-connecting":
      loadOf(progress, event.builder).state = "connecting";
      return;
    case "builder-up":
      Object.assign(loadOf(progress, event.builder), { state: "up", slots: event.slots, fault: undefined });
      return;
    case "builder-down":
      Object.assign(loadOf(progress, event.builder), { state: "down", fault: event.message });
      return;
    case "build-held":
      progress.held.set(event.drvPath, event);
      return;
    case "attempt-started":
      progress.tails.drop(event.drvPath);
      graph.nodeOf(event.drvPath).isAlone = event.together === 1;
      place(progress, event, "sending");
      return;
    case "inputs-awaited":
      place(progress, event, "fetching");
      return;
    case "inputs-fetched":
      if (graph.nodeOf(event.drvPath).stage === "fetching") place(progress, event, "sending");
      return;
    case "inputs-sent":
      place(progress, event, graph.nodeOf(event.drvPath).isAlone ? "building" : "queued");
      return;
    case "build-began":
      place(progress, event, "building");
      return;
    case "phase":
      graph.nodeOf(event.drvPath).phase = event.phase;
      return;
    case "attempt-lost":
      graph.putBack(leave(progress, event.drvPath), event.atMs);
      return;
    case "build-finished":
      finish(progress, event);
      return;
    case "fetch-started":
      move(progress, event);
      holdForFetch(progress, event);
      return;
    case "copy-started":
    case "copy-progressed":
    case "copy-finished":
    case "fetch-progressed":
    case "fetch-finished":
      move(progress, event);
      return;
    case "path-ready":
      progress.origins.set(event.path, event.origin);
      if (event.at !== undefined) progress.lies.set(event.path, event.at);
      return;
    case "log-line":
      progress.tails.add(event.drvPath, event.line);
      return;
    case "output-suspect":
    case "path-started":
    case "message":
      return;
    default:
      unreachable(event);
  }
}

function loadOf({ builders }: Progress, name: string): BuilderLoad {
  const known = builders.get(name);
  if (known) return known;
  const load = newLoad(name);
  builders.set(name, load);
  return load;
}

/** A build comes to a stage on a builder. What has ended meanwhile stays ended. */
function place(
  progress: Progress,
  { drvPath, builder, atMs }: { drvPath: StorePath; builder: string; atMs: number },
  stage: Stage,
): void {
  const node = progress.graph.nodeOf(drvPath);
  if (node.stage === "ended" && stage !== "sending") return;
  if (node.stage === "building" && stage === "building") return;
  leave(progress, drvPath);
  progress.held.delete(drvPath);
  progress.graph.move(node, stage, atMs);
  node.builder = builder;
  countIn(loadOf(progress, builder), stage, 1);
}

/** A build is counted out of where it was. */
function leave(progress: Progress, drvPath: StorePath): BuildNode {
  const node = progress.graph.nodeOf(drvPath);
  if (node.builder !== "") countIn(loadOf(progress, node.builder), node.stage, -1);
  return node;
}

function finish(
  progress: Progress,
  { drvPath, outcome, atMs }: Extract<BuildEvent, { kind: "build-finished" }>,
): void {
  progress.graph.end(leave(progress, drvPath), outcome.kind === "realised", atMs);
  progress.ended.set(drvPath, outcome);
  progress.held.delete(drvPath);
  if (outcome.kind === "failed" || outcome.kind === "given-up") progress.failures++;
  if (outcome.kind !== "realised") return;
  progress.tails.drop(drvPath);
  if (outcome.how !== "built") return;
  const { count, ms } = progress.built;
  progress.built = { count: count + 1, ms: ms + outcome.durationMs };
}

/** What a builder fetches for a build that it was asked for, it does not build meanwhile. */
function holdForFetch(
  progress: Progress,
  { drvPath, to: builder, atMs }: Extract<BuildEvent, { kind: "fetch-started" }>,
): void {
  if (drvPath === undefined) return;
  const { stage } = progress.graph.nodeOf(drvPath);
  if (stage === "sending" || stage === "queued" || stage === "building")
    place(progress, { drvPath, builder, atMs }, "fetching");
}
