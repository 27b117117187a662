/** What is known of a builder, over all runs of this user. Times in milliseconds since the epoch. */
export interface BuilderPage {
  /** It did not answer: how often in a row, and until when it is left alone. */
  readonly fault?: BuilderFault;
  /** The last thing that went wrong with it; stays when it has recovered. */
  readonly lastFailure?: { readonly atMs: number; readonly message: string };
  /** It gets nothing new until it is resumed. */
  readonly drained?: { readonly sinceMs: number; readonly by: string };
  readonly machine?: MachineFacts;
  /** How much faster than a builder of speed 1 it was found to be, and from how many builds. */
  readonly speed?: { readonly factor: number; readonly builds: number; readonly atMs: number };
  /** What the last probe found, by the system that it was made for. */
  readonly probes: ReadonlyMap<string, ProbeFinding>;
}

export interface BuilderFault {
  readonly failures: number;
  readonly untilMs: number;
  readonly message: string;
}

/** Of the machine, when it was last looked at. */
export interface MachineFacts {
  readonly atMs: number;
  readonly cores?: number;
  readonly memoryBytes?: number;
  readonly freeMemoryBytes?: number;
  /** Of the file system that its store lies on. */
  readonly freeDiskBytes?: number;
}

/** How a build of nothing went. */
export interface ProbeFinding {
  readonly atMs: number;
  readonly passed: boolean;
  /** From asking to having its output. */
  readonly durationMs?: number;
  /** The processor as the kernel names it. */
  readonly machine?: string;
  readonly emulated?: boolean;
  readonly kvmUsable?: boolean;
  /** Why it did not pass. */
  readonly message?: string;
}

/** Remembers builders that did not answer, and what else is known of them. Builders by a name that is the same in every run. */
export interface BuilderHealth {
  /** Why a builder is not worth a try before `untilMs`; undefined when it is. */
  backOff(builder: string, nowMs: number): { readonly untilMs: number; readonly message: string } | undefined;
  failed(builder: string, nowMs: number, message: string): void;
  recovered(builder: string): void;
  /** Something went wrong that is no reason to leave it alone. */
  noteFailure(builder: string, failure: NonNullable<BuilderPage["lastFailure"]>): void;
  /** As it is now: other runs write it too. */
  pageOf(builder: string): BuilderPage;
  /** Told whenever any run may have changed it. */
  onChange(listener: () => void): Disposable;
}

/** The whole of it. */
export interface BuilderBook extends BuilderHealth {
  /** Gives a builder no more work from any run, until it is resumed. */
  drain(builder: string, how: { readonly sinceMs: number; readonly by: string }): void;
  resume(builder: string): void;
  noteMachine(builder: string, facts: MachineFacts): void;
  noteSpeed(builder: string, speed: NonNullable<BuilderPage["speed"]>): void;
  noteProbe(builder: string, system: string, finding: ProbeFinding): void;
}

export const EMPTY_PAGE: BuilderPage = { probes: new Map() };
