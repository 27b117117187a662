/** How fast the ways between builders have been in a run, and what is on them now. */
export class PairPace {
  readonly #ways = new Map<string, Way>();

  /** Something begins to go a way; what it returns is called when it is there, or has failed. */
  begin(way: string, bytes: number, nowMs: number): (endMs: number, arrived: boolean) => void {
    const known = this.#ways.get(way) ?? { startMs: undefined, msPerByte: USUAL_MS_PER_BYTE, bytesOnIt: 0 };
    this.#ways.set(way, known);
    known.bytesOnIt += bytes;
    return (endMs, arrived) => {
      known.bytesOnIt -= bytes;
      if (arrived) learn(known, bytes, endMs - nowMs);
    };
  }

  /** How long something little would take from now, in milliseconds. */
  expectedMs(way: string): number {
    const known = this.#ways.get(way);
    return (known?.startMs ?? OPENING_MS) + (known ? known.bytesOnIt * known.msPerByte : 0);
  }
}

interface Way {
  /** The least that anything has taken; undefined before anything has arrived. */
  startMs: number | undefined;
  /** Beyond that. */
  msPerByte: number;
  bytesOnIt: number;
}

function learn(way: Way, bytes: number, tookMs: number): void {
  way.startMs = Math.min(way.startMs ?? tookMs, tookMs);
  if (bytes < TELLING_BYTES) return;
  const measured = (tookMs - way.startMs) / bytes;
  way.msPerByte += (measured - way.msPerByte) * WEIGHT_OF_NEWEST;
}

/** Of a way of which nothing is known: what a connection takes, so that one that stands open goes first. */
const OPENING_MS = 300;
/** 100 MB a second. */
const USUAL_MS_PER_BYTE = 1e-5;
/** Less says nothing of the pace. */
const TELLING_BYTES = 1 << 16;
const WEIGHT_OF_NEWEST = 0.3;
