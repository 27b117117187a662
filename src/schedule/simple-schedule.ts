import type { ReadyQueue } from "./ready-queue.ts";
import type { BuilderTraits } from "./requirement.ts";
import type { BuilderState, BuildTask, Policy } from "./schedule.ts";

/** All that the simple scheduler knows of one run. */
export interface SimpleSchedule {
  readonly tasks: Map<string, TaskState>;
  readonly builders: Map<string, BuilderLoad>;
  readonly ready: ReadyQueue;
  readonly policy: Policy;
  keepGoing: boolean;
  stopped: boolean;
}

export interface TaskState {
  readonly task: BuildTask;
  readonly dependants: string[];
  /** Tasks in the longest chain that ends in nothing waiting for it; 1 for one that nobody needs. */
  height: number;
  waitingFor: number;
  attempts: number;
  phase: "waiting" | "ready" | "running" | "done" | "failed";
  /** Builders that lost it. */
  readonly avoid: Set<string>;
}

export interface BuilderLoad {
  readonly traits: BuilderTraits;
  state: BuilderState;
  running: number;
}
