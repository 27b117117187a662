import type { BuildEvent } from "#build/events.ts";
import type { StorePath } from "#nix/store-path.ts";
import { measure, type Transfer } from "./transfer.ts";

/** A path on its way from a binary cache into a store. */
export interface Fetch extends Transfer {
  readonly path: StorePath;
  /** The build that it is fetched for by the builder that has it. */
  readonly drvPath: StorePath | undefined;
  readonly sinceMs: number;
}

/** What came from one cache in a run. */
export interface FetchSum {
  readonly paths: number;
  readonly bytes: number;
  readonly failed: number;
}

export function beginFetch({
  path,
  from,
  to,
  bytes,
  drvPath,
  atMs,
}: Extract<BuildEvent, { kind: "fetch-started" }>): Fetch {
  return { path, from, to, paths: 1, bytes, drvPath, bytesDone: 0, rate: 0, measuredMs: atMs, sinceMs: atMs };
}

/** Takes note of how far a fetch is. */
export function measureFetch(
  fetch: Fetch,
  { bytes, bytesExpected, atMs }: Extract<BuildEvent, { kind: "fetch-progressed" }>,
): void {
  fetch.bytes = bytesExpected ?? fetch.bytes;
  measure(fetch, bytes, atMs);
}

/** One more path of a cache that is over. */
export function addFetch(sum: FetchSum | undefined, { bytes }: Fetch, isWhole: boolean): FetchSum {
  const { paths, bytes: before, failed } = sum ?? { paths: 0, bytes: 0, failed: 0 };
  return isWhole
    ? { paths: paths + 1, bytes: before + bytes, failed }
    : { paths, bytes: before, failed: failed + 1 };
}

/** How much is under way, and how much of it is there. */
export interface Shares {
  readonly count: number;
  readonly bytes: number;
  readonly done: number;
}

export function sharesOf(transfers: Iterable<Transfer>): Shares {
  let [count, bytes, done] = [0, 0, 0];
  for (const transfer of transfers) {
    count++;
    bytes += transfer.bytes;
    done += transfer.bytesDone;
  }
  return { count, bytes, done };
}
