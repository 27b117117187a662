import { unreachable } from "#base/errors.ts";
import type { BuildEvent } from "#build/events.ts";
import { addFetch, beginFetch, type Fetch, type FetchSum, measureFetch } from "./fetch.ts";
import { measure, type Transfer } from "./transfer.ts";

/** What moves in a run, and what has moved. */
export interface Moves {
  readonly transfers: Map<number, Transfer>;
  readonly fetches: Map<number, Fetch>;
  /** What came from binary caches, by cache. */
  readonly fetched: Map<string, FetchSum>;
  /** Paths and bytes that reached a store, by its name. */
  readonly copied: Map<string, { readonly paths: number; readonly bytes: number }>;
}

export function noMoves(): Moves {
  return { transfers: new Map(), fetches: new Map(), fetched: new Map(), copied: new Map() };
}

/** The events that are told of what moves. */
type MoveEvent = Extract<BuildEvent, { kind: `copy-${string}` | `fetch-${string}` }>;

/** Takes in one event. */
export function move(moves: Moves, event: MoveEvent): void {
  switch (event.kind) {
    case "copy-started": {
      const { id, from, to, paths, bytes, atMs } = event;
      moves.transfers.set(id, { from, to, paths, bytes, bytesDone: 0, rate: 0, measuredMs: atMs });
      return;
    }
    case "copy-progressed": {
      const transfer = moves.transfers.get(event.id);
      if (transfer) measure(transfer, event.bytes, event.atMs);
      return;
    }
    case "copy-finished":
      endTransfer(moves, event.id, event.error === undefined);
      return;
    case "fetch-started":
      moves.fetches.set(event.id, beginFetch(event));
      return;
    case "fetch-progressed": {
      const fetch = moves.fetches.get(event.id);
      if (fetch) measureFetch(fetch, event);
      return;
    }
    case "fetch-finished":
      endFetch(moves, event.id, event.error === undefined);
      return;
    default:
      unreachable(event);
  }
}

function endTransfer({ transfers, copied }: Moves, id: number, isWhole: boolean): void {
  const transfer = transfers.get(id);
  transfers.delete(id);
  if (!transfer || !isWhole) return;
  const before = copied.get(transfer.to) ?? { paths: 0, bytes: 0 };
  const { paths, bytes } = transfer;
  copied.set(transfer.to, { paths: before.paths + paths, bytes: before.bytes + bytes });
}

function endFetch({ fetches, fetched }: Moves, id: number, isWhole: boolean): void {
  const fetch = fetches.get(id);
  if (!fetch) return;
  fetches.delete(id);
  fetched.set(fetch.from, addFetch(fetched.get(fetch.from), fetch, isWhole));
}
