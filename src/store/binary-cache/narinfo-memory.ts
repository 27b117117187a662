import type { StorePath } from "#nix/store-path.ts";

/** What binary caches said of paths, remembered over runs. Times are in milliseconds since the epoch. */
export interface NarInfoMemory extends Disposable {
  /** What `cache` said last; undefined when it was not asked, or so long ago that it may be otherwise by now. */
  recall(cache: string, path: StorePath, nowMs: number): Answer | undefined;
  /** What `cache` answered, and when. */
  note(cache: string, path: StorePath, answer: Answer & { readonly atMs: number }): void;
  /** What it said was not true, or is no longer. */
  forget(cache: string, path: StorePath): void;
}

/** The narinfo as it came; undefined where the cache had none. */
export interface Answer {
  readonly contents: Uint8Array | undefined;
}

/** How long an answer holds. */
export interface NarInfoLifetimes {
  /** Of a narinfo, in milliseconds. */
  readonly presentMs: number;
  /** That there is none, in milliseconds. */
  readonly absentMs: number;
}
