/** A file or folder of the machine, shown to the builder at a path of its own. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
}

/** One program to run, and all of the world that it may see. */
export interface SandboxSpec {
  /** As the builder sees it. */
  readonly program: string;
  /** `argv[0]` first. */
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** As the builder sees it. */
  readonly workingDir: string;
  /** Folder that becomes `/`, writable, made and removed by the caller. */
  readonly root: string;
  readonly mounts: readonly Mount[];
  /** Device files shown beside the usual ones: `/dev/kvm`. */
  readonly devices: readonly string[];
  /** With the machine's network; without, a loopback of its own. */
  readonly network: boolean;
  /** Nix system, which chooses the personality. */
  readonly system: string;
  /** Refuse setuid modes and extended attributes, as Nix does. */
  readonly filterSystemCalls: boolean;
  /** Folder on disk for what the sandbox itself needs while it runs. */
  readonly scratchDir: string;
  /** What all its processes together may have, in bytes; any amount where absent. */
  readonly memoryMaxBytes?: number;
}

/** Where the figures of a run come from, best first. */
export type MeasuredBy = "cgroup-v2" | "cgroup-v1" | "sampling" | "none";

export interface ResourceUsage {
  readonly measuredBy: MeasuredBy;
  readonly cpuUserUs?: number | undefined;
  readonly cpuSystemUs?: number | undefined;
  readonly memoryPeakBytes?: number | undefined;
}

/** How the program ended. A run that was aborted ends by a signal too; the caller knows why it aborted. */
export type SandboxEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  /** It was killed for using more memory than it may. */
  | { readonly kind: "over-memory" }
  /** The program could not be started at all: `why` is the system's word. */
  | { readonly kind: "not-started"; readonly why: string };

export interface SandboxOutcome {
  readonly end: SandboxEnd;
  readonly usage: ResourceUsage;
}

export interface RunOptions {
  /** Aborting it kills every process of the run. */
  readonly signal: AbortSignal;
  /** Standard output and error, in the order in which they came. The next chunk is read when it has resolved. */
  readonly onOutput: (chunk: Uint8Array) => Promise<void> | void;
}

/** Runs builders apart from the machine they run on. */
export interface Sandbox {
  readonly kind: "bubblewrap" | "none";
  /** Whether paths inside may differ from those outside. */
  readonly movesPaths: boolean;
  /** Resolves when no process of the run is left. Throws when the sandbox itself cannot be had. */
  run(spec: SandboxSpec, options: RunOptions): Promise<SandboxOutcome>;
  /** Lets go of what was made ready for the next run. */
  [Symbol.asyncDispose]?(): Promise<void>;
}
