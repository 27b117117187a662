import type { StorePath } from "#nix/store-path.ts";
import type { LedgerChange } from "./change.ts";
import type {
  AttemptRecord,
  BuildEnd,
  BuildRecord,
  CopyRecord,
  PathRecord,
  RequestRecord,
} from "./record.ts";

/**
 * The record of what was asked, built, copied and lost. Several processes may write and read it at once. What a
 * process that is gone left open reads as `interrupted`.
 */
export interface Ledger extends AsyncDisposable {
  /** Writes changes down, all or none, in their order. */
  write(changes: readonly LedgerChange[]): Promise<void>;
  /** The newest first. */
  builds(filter: BuildFilter): Promise<BuildRecord[]>;
  /** By number, in their order. */
  attempts(builds: readonly number[]): Promise<AttemptRecord[]>;
  requests(keys: readonly string[]): Promise<RequestRecord[]>;
  copies(request: string): Promise<CopyRecord[]>;
  /** Those that took a path somewhere, the newest first. */
  copiesOf(path: StorePath): Promise<CopyRecord[]>;
  /** How a path came to be where it was asked for, the newest first. */
  provenance(path: StorePath): Promise<PathRecord[]>;
  /** What builds of these names took before, the newest first, at most `each` of every name. */
  samples(names: readonly string[], each: number): Promise<BuildSample[]>;
  /** What the last builds took that were successful, the newest first. */
  recent(since: { readonly sinceMs: number; readonly limit: number }): Promise<BuildSample[]>;
  /** Forgets what is older or more than `keep` allows, a bounded part at a time. */
  prune(keep: Retention): Promise<Pruned>;
}

/** All that is given must hold. */
export interface BuildFilter {
  readonly number?: number | undefined;
  readonly request?: string | undefined;
  readonly drvPath?: StorePath | undefined;
  /** One of its outputs. */
  readonly output?: StorePath | undefined;
  readonly builder?: string | undefined;
  readonly system?: string | undefined;
  /** Any of these; `running`: none yet. */
  readonly ends?: readonly (BuildEnd | "running")[] | undefined;
  /** Planned at or after, and before. */
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Of the name with its version: `*` stands for any text, `?` for any character; no more is needed than a part. */
  readonly pattern?: string | undefined;
  /** At most so many. */
  readonly limit: number;
}

/** What a successful build took. */
export interface BuildSample {
  /** Without version. */
  readonly name: string;
  readonly system: string;
  readonly builder: string;
  readonly durationMs: number;
  readonly memoryPeakBytes?: number | undefined;
  readonly outputBytes?: number | undefined;
  readonly endedMs: number;
}

export interface Retention {
  readonly buildsMax: number;
  /** What began before is forgotten. */
  readonly beforeMs: number;
}

/** What was forgotten. `more`: there is more to forget. */
export interface Pruned {
  readonly builds: readonly { readonly request: string; readonly drvPath: StorePath }[];
  readonly more: boolean;
}
