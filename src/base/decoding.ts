/**
 * A decoder without I/O: it yields how many bytes it needs, is handed them, and returns what it decoded.
 * A positive number asks for exactly that many; a negative number `-n` for at least 1 and at most `n`,
 * whatever is at hand; `PEEK` for a look at those at hand, at least 1, which stay where they are.
 * The bytes handed over are valid until the next yield.
 */
export type Decoding<T> = Generator<number, T, Uint8Array>;

/** Asks to see what is at hand without taking it. */
export const PEEK = 0;

/** Exactly `count` bytes. */
export function* take(count: number): Decoding<Uint8Array> {
  return count === 0 ? EMPTY : yield count;
}

/** At least 1 and at most `count` bytes, whatever is at hand. */
export function* takeSome(count: number): Decoding<Uint8Array> {
  return count === 0 ? EMPTY : yield -count;
}

const EMPTY = new Uint8Array(0);
