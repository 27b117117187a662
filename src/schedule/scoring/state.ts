import type { Loss } from "../loss.ts";
import type { OrderedList } from "../ordered-list.ts";
import type { BuilderTraits, Requirement } from "../requirement.ts";
import type { BuilderState, Policy } from "../schedule.ts";
import type { Stored } from "./builder/stored.ts";

/** All that the scoring scheduler knows. */
export interface ScoringSchedule {
  readonly policy: Policy;
  readonly weights: ScoreWeights;
  readonly tasks: Map<string, Task>;
  readonly requests: Map<string, Request>;
  readonly principals: Map<string, Principal>;
  /** By name, in the order in which they were named. */
  readonly builders: Map<string, Builder>;
  readonly pools: Map<string, Pool>;
  readonly classes: Map<string, TaskClass>;
  readonly stored: Map<string, Stored<Builder>>;
  readonly alarms: OrderedList<Alarm>;
  /** Classes of which something may be placed that could not be before. */
  readonly touched: TaskClass[];
  /** Tasks that run or may still run. */
  open: number;
  running: number;
  nowMs: number;
  alarmsSet: number;
  /** How often slots became free. */
  freeings: number;
  stopped: boolean;
}

/** What counts how much. */
export interface ScoreWeights {
  /** Of the time that missing inputs take: 0 leaves out where they are. */
  readonly locality: number;
}

export interface Request {
  readonly name: string;
  readonly principal: Principal;
  readonly priority: number;
  readonly keepGoing: boolean;
  readonly tasks: Set<Task>;
  /** A list of it alone, for all who need one. */
  readonly alone: Request[];
  /** Something of it failed, and the rest is not begun. */
  stopped: boolean;
}

/** Who asks. */
export interface Principal {
  readonly name: string;
  /** A list of it alone, for all who need one. */
  readonly alone: Principal[];
  /** Time of builders that was spent for it, by its share. */
  servedMs: number;
  /** Tasks of it that are ready. */
  ready: number;
}

/** `resting`: ready but for the time to wait after a loss. `stopped`: whoever asked wants nothing more begun. */
export type Phase = "waiting" | "ready" | "resting" | "running" | "done" | "failed" | "stopped";

export interface Task {
  readonly id: string;
  readonly requirement: Requirement;
  readonly kind: TaskClass;
  /** Expected, at speed 1; in whole milliseconds, as it is read often. */
  readonly durationMs: number;
  /** Whether builds like it were seen. */
  readonly isForeseen: boolean;
  /** Of its outputs, as is expected. */
  readonly outputBytes: number;
  readonly needs: readonly Task[];
  dependants: Task[];
  /** What it needs of stores, with what its needs make. */
  readonly inputs: readonly Stored<Builder>[];
  /** What it makes. */
  readonly output: Stored<Builder>;
  /** Those who ask for it. */
  requests: readonly Request[];
  readonly sinceMs: number;
  phase: Phase;
  waitingFor: number;
  /** The longest chain of tasks that begins with it, at speed 1. */
  pathMs: number;
  /** Its place among what is ready: larger goes first. */
  urgency: number;
  attempts: number;
  /** What it lost, by builder. */
  losses: ReadonlyMap<Builder, Loss>;
  restUntilMs: number;
  /** What it needs, as far as it is known. */
  memoryBytes: number;
  /** Whether that was learnt by running out of it. */
  outgrew: boolean;
  run: Run | undefined;
  hold: Hold | undefined;
  /** The builder that holds most of what few hold of its inputs, and how much of it. */
  nearest: Builder | undefined;
  nearestBytes: number;
  /** What is gained by running it there. */
  nearestGainBytes: number;
  /** How often others went first. */
  passedOver: number;
}

/** A task on a builder. */
export interface Run {
  readonly task: Task;
  readonly builder: Builder;
  readonly startedMs: number;
  readonly expectedEndMs: number;
  readonly slots: number;
  readonly cores: number;
  readonly memoryBytes: number;
  /** What was free for it when it began. */
  readonly memoryGrantedBytes: number;
  /** One of many that were handed over in one request. */
  readonly handedOver: boolean;
  cancelled: boolean;
}

/** A free builder is left aside for one that is faster. */
export interface Hold {
  /** It is not held for longer, whatever is expected then. */
  readonly limitMs: number;
  readonly untilMs: number;
  readonly builder: string;
  /** When the task is expected to end there. */
  readonly endMs: number;
  /** To bring its inputs to where it could have begun instead. */
  readonly transferMs: number;
  /** When everything was looked at, and `freeings` when the last of it was. */
  readonly foundMs: number;
  readonly foundAt: number;
}

export interface Builder {
  readonly name: string;
  /** Place in the order in which builders were named. */
  readonly ordinal: number;
  /** A list of it alone, for all who need one. */
  readonly alone: Builder[];
  traits: BuilderTraits;
  /** As its traits say. */
  maxJobs: number;
  isLocal: boolean;
  state: BuilderState;
  speed: number;
  /** When its speed was last seen, and 0 when it never was. */
  speedSeenMs: number;
  memoryBytes: number | undefined;
  freeDiskBytes: number | undefined;
  cores: number | undefined;
  emulatedSystems: readonly string[];
  slotsOfOthers: number;
  readonly runs: Run[];
  slotsTaken: number;
  coresTaken: number;
  memoryTakenBytes: number;
  handedOver: number;
  /** What it holds, in a ring that begins anew when it is full; `held` things were put into it. */
  readonly holds: Stored<Builder>[];
  held: number;
  /** Of what is being counted; 0 in between. */
  tallyBytes: number;
  /** Ready tasks that have most of their inputs here. */
  readonly near: OrderedList<Task>;
  reservedFor: Task | undefined;
  /** Tasks that were lost here since something succeeded. */
  readonly strikes: Set<Task>;
  suspension: Suspension | undefined;
  /** Suspensions since something succeeded. */
  suspensions: number;
  probing: boolean;
  pool: Pool;
  readonly filed: Filing;
}

export interface Suspension {
  readonly loss: Loss;
  readonly untilMs: number;
}

/** How a builder counts in its pool; kept to be undone. */
export interface Filing {
  /** Its place among those with free slots. */
  rank: number;
  freeSlots: number;
  slotsUp: number;
  usable: boolean;
}

/** Builders that are alike in what they can do and, nearly, in how fast. */
export interface Pool {
  readonly key: string;
  readonly traits: BuilderTraits;
  readonly emulatedSystems: readonly string[];
  readonly speed: number;
  /** Those with free slots, the least loaded first. */
  readonly free: OrderedList<Builder>;
  /** What runs in it, the first to end first. */
  readonly ends: OrderedList<Run>;
  /** Classes that it may take. */
  readonly classes: Set<TaskClass>;
  freeSlots: number;
  /** `freeings` when slots in it became free last. */
  freedAt: number;
  slotsUp: number;
  /** Builders that take builds, or may soon. */
  usable: number;
}

/** Tasks that ask the same of a builder. */
export interface TaskClass {
  readonly key: string;
  readonly requirement: Requirement;
  /** Whoever runs it gives all that is free. */
  readonly wantsMachine: boolean;
  /** That can take it: the fastest first; this machine first or last. */
  pools: readonly PoolForClass[];
  /** Of all who ask for something; some are empty. */
  readonly queues: Map<Principal, OrderedList<Task>>;
  /** Its tasks that have not ended, and how long they take at speed 1. */
  open: number;
  workMs: number;
  /** It is among those that are touched. */
  isTouched: boolean;
  /** Undefined: to be found anew. */
  largestMemoryBytes: number | undefined;
  /** Tasks in the queues. */
  ready: number;
  /** Pools that have free slots. */
  openPools: number;
  /** A task that waits for a builder to become emptier, which takes nothing else meanwhile. */
  reserved: { readonly task: Task; readonly builder: Builder } | undefined;
  holdAlarmMs: number | undefined;
}

export interface PoolForClass {
  readonly pool: Pool;
  /** With emulation. */
  readonly speed: number;
}

export interface Alarm {
  readonly atMs: number;
  readonly number: number;
  readonly about: AlarmSubject;
}

export type AlarmSubject =
  | { readonly kind: "rest"; readonly task: Task }
  | { readonly kind: "hold"; readonly of: TaskClass }
  | { readonly kind: "suspension"; readonly builder: Builder }
  | { readonly kind: "rating"; readonly builder: Builder };
