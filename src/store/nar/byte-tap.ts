import { Buffer } from "node:buffer";
import { type Decoding, PEEK } from "#base/decoding.ts";

/** Sees bytes that pass; they are valid during the call only. */
export interface ByteTap {
  update(bytes: Uint8Array): unknown;
}

/** A decoding that shows each byte it takes to `tap`, small pieces gathered. */
export function* tapDecoding<T>(decoding: Decoding<T>, tap: ByteTap): Decoding<T> {
  // A buffer for each of thousands of small NARs would keep the garbage collector busy.
  const gathered = spare ?? Buffer.allocUnsafe(GATHER_BYTES);
  spare = undefined;
  let filled = 0;
  const flush = () => {
    if (filled > 0) tap.update(gathered.subarray(0, filled));
    filled = 0;
  };
  let step = decoding.next();
  while (!step.done) {
    const want = step.value;
    const bytes = yield want;
    if (want === PEEK) {
      step = decoding.next(bytes);
      continue;
    }
    if (filled + bytes.length > GATHER_BYTES) flush();
    if (bytes.length > GATHER_BYTES / 4) {
      flush();
      tap.update(bytes);
    } else {
      gathered.set(bytes, filled);
      filled += bytes.length;
    }
    step = decoding.next(bytes);
  }
  flush();
  spare = gathered;
  return step.value;
}

/** One tap made of several. */
export function teeTap(...taps: readonly ByteTap[]): ByteTap {
  return {
    update(bytes) {
      for (const tap of taps) tap.update(bytes);
    },
  };
}

const GATHER_BYTES = 32 * 1024;
let spare: Buffer | undefined;
