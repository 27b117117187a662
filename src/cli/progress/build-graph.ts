import type { StorePath } from "#nix/store-path.ts";

/** Where a build stands. `ready`: all that it needs is there. `fetching`: a cache has what it needs, or it. `queued`: handed over, and not begun. */
export type Stage = "waiting" | "ready" | "fetching" | "sending" | "queued" | "building" | "ended";

/** A build that was planned, and what is known of it now. */
export interface BuildNode {
  readonly drvPath: StorePath;
  /** Of the builds that need it, the one on the longest way up to what was asked for. */
  parent: BuildNode | undefined;
  /** Builds above it on that way. */
  height: number;
  readonly dependants: BuildNode[];
  /** Builds that it still waits for. */
  openNeeds: number;
  stage: Stage;
  /** Handed over with no others: not every builder says when such a one begins. */
  isAlone: boolean;
  /** Who has it, or had it last. */
  builder: string;
  /** When it came to the stage that it is in. */
  sinceMs: number;
  phase: string | undefined;
  /** What it will probably take, where that is known from earlier runs. */
  estimateMs: number | undefined;
}

/** Every planned build, the sums over them, and those that are under way: each step costs the same, however many there are. */
export class BuildGraph {
  readonly nodes = new Map<StorePath, BuildNode>();
  readonly counts: Record<Stage, number> = {
    waiting: 0,
    ready: 0,
    fetching: 0,
    sending: 0,
    queued: 0,
    building: 0,
    ended: 0,
  };
  readonly ready = new Set<BuildNode>();
  /** Those that are being fetched for, sent or built, in the order in which they began. */
  readonly active = new Set<BuildNode>();

  /** Of those that have not ended, those with an estimate, and the sum of these. */
  readonly estimated = { count: 0, ms: 0 };
  /** Over all that came with one. */
  meanEstimateMs: number | undefined;

  /** Adds builds, each after what it needs, with what each will probably take; 0 where nobody knows. */
  plan(
    builds: readonly StorePath[],
    needs: readonly (readonly number[])[],
    estimatesMs: readonly number[] = [],
  ): void {
    const nodes = builds.map((drvPath) => this.nodeOf(drvPath));
    for (const [place, node] of nodes.entries()) {
      for (const need of needs[place] ?? []) connect(nodes[need], node);
      this.#estimate(node, estimatesMs[place] ?? 0);
    }
    this.meanEstimateMs = this.estimated.count > 0 ? this.estimated.ms / this.estimated.count : undefined;
    for (const node of nodes.toReversed()) findParent(node);
    for (const node of nodes)
      if (node.stage === "ready" && node.openNeeds > 0) this.move(node, "waiting", node.sinceMs);
  }

  /** The node of a build; one that nobody planned is added. */
  nodeOf(drvPath: StorePath): BuildNode {
    const found = this.nodes.get(drvPath);
    if (found) return found;
    const node: BuildNode = {
      drvPath,
      parent: undefined,
      height: 0,
      dependants: [],
      openNeeds: 0,
      stage: "ready",
      isAlone: true,
      builder: "",
      sinceMs: 0,
      phase: undefined,
      estimateMs: undefined,
    };
    this.nodes.set(drvPath, node);
    this.counts.ready++;
    this.ready.add(node);
    return node;
  }

  move(node: BuildNode, stage: Stage, atMs: number): void {
    this.counts[node.stage]--;
    this.counts[stage]++;
    if (node.stage === "ready") this.ready.delete(node);
    if (stage === "ready") this.ready.add(node);
    if (stage === "fetching" || stage === "sending" || stage === "building") this.active.add(node);
    else this.active.delete(node);
    node.stage = stage;
    node.sinceMs = atMs;
    node.phase = undefined;
  }

  /** The attempt came to nothing: it waits for another. */
  putBack(node: BuildNode, atMs: number): void {
    this.move(node, node.openNeeds > 0 ? "waiting" : "ready", atMs);
  }

  /** It has ended. What needed it may be ready, where it went well. */
  end(node: BuildNode, isGood: boolean, atMs: number): void {
    this.#forgetEstimate(node);
    this.move(node, "ended", atMs);
    if (!isGood) return;
    for (const dependant of node.dependants.splice(0)) {
      dependant.openNeeds--;
      if (dependant.openNeeds === 0 && dependant.stage === "waiting") this.move(dependant, "ready", atMs);
    }
  }

  #estimate(node: BuildNode, ms: number): void {
    if (ms <= 0 || node.estimateMs !== undefined) return;
    node.estimateMs = ms;
    this.estimated.count++;
    this.estimated.ms += ms;
  }

  #forgetEstimate({ stage, estimateMs }: BuildNode): void {
    if (stage === "ended" || estimateMs === undefined) return;
    this.estimated.count--;
    this.estimated.ms -= estimateMs;
  }
}

function connect(need: BuildNode | undefined, node: BuildNode): void {
  if (!need || need === node) return;
  need.dependants.push(node);
  node.openNeeds++;
}

function findParent(node: BuildNode): void {
  for (const dependant of node.dependants) {
    if (dependant.height + 1 <= node.height) continue;
    node.height = dependant.height + 1;
    node.parent = dependant;
  }
}
