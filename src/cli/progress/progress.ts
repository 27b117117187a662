import type { BuildEvent, BuildOutcome, Origin } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";

/** A build under way. */
export interface RunningBuild {
  readonly drvPath: StorePath;
  readonly builder: string;
  readonly sinceMs: number;
  /** Handed over with others, and not said to have begun. */
  readonly queued: boolean;
  readonly phase?: string;
}

export interface RunningCopy {
  readonly from: string;
  readonly to: string;
  readonly paths: number;
  readonly bytes: number;
  readonly pathsDone: number;
  readonly bytesDone: number;
}

/** What a person wants to know of a run at any moment: the sum of its events. */
export interface Progress {
  readonly planned: number;
  readonly running: Map<StorePath, RunningBuild>;
  readonly copies: Map<number, RunningCopy>;
  readonly connecting: Set<string>;
  readonly ended: Map<StorePath, BuildOutcome>;
  readonly origins: Map<StorePath, Origin>;
  /** Paths and bytes that reached a store, by its name. */
  readonly copied: Map<string, { readonly paths: number; readonly bytes: number }>;
  readonly failures: number;
}

export function emptyProgress(): Progress {
  return {
    planned: 0,
    running: new Map(),
    copies: new Map(),
    connecting: new Set(),
    ended: new Map(),
    origins: new Map(),
    copied: new Map(),
    failures: 0,
  };
}

/** Adds one event. The progress that is given is spent: its maps live on in the next. */
export function advance(progress: Progress, event: BuildEvent): Progress {
  const { running, copies, connecting } = progress;
  switch (event.kind) {
    case "planned":
      return { ...progress, planned: event.builds.length };
    case "builder-connecting":
      connecting.add(event.builder);
      return progress;
    case "builder-up":
    case "builder-down":
      connecting.delete(event.builder);
      return progress;
    case "attempt-started": {
      const { drvPath, builder, atMs } = event;
      running.set(drvPath, { drvPath, builder, sinceMs: atMs, queued: event.together > 1 });
      return progress;
    }
    case "build-began": {
      const { drvPath, builder, atMs } = event;
      running.set(drvPath, { drvPath, builder, sinceMs: atMs, queued: false });
      return progress;
    }
    case "phase": {
      const build = running.get(event.drvPath);
      if (build) running.set(event.drvPath, { ...build, phase: event.phase });
      return progress;
    }
    case "attempt-lost":
      running.delete(event.drvPath);
      return progress;
    case "build-finished":
      running.delete(event.drvPath);
      progress.ended.set(event.drvPath, event.outcome);
      return event.outcome.kind === "failed" || event.outcome.kind === "given-up"
        ? { ...progress, failures: progress.failures + 1 }
        : progress;
    case "copy-started":
      copies.set(event.id, { ...event, pathsDone: 0, bytesDone: 0 });
      return progress;
    case "copy-progressed": {
      const copy = copies.get(event.id);
      if (copy) copies.set(event.id, { ...copy, pathsDone: event.paths, bytesDone: event.bytes });
      return progress;
    }
    case "copy-finished":
      return endCopy(progress, event.id, event.error === undefined);
    case "path-ready":
      progress.origins.set(event.path, event.origin);
      return progress;
    case "inputs-sent":
    case "log-line":
    case "message":
      return progress;
  }
}

function endCopy(progress: Progress, id: number, whole: boolean): Progress {
  const copy = progress.copies.get(id);
  progress.copies.delete(id);
  if (!copy || !whole) return progress;
  const before = progress.copied.get(copy.to) ?? { paths: 0, bytes: 0 };
  progress.copied.set(copy.to, { paths: before.paths + copy.paths, bytes: before.bytes + copy.bytes });
  return progress;
}
