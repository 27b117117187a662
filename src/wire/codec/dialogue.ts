import type { ByteReader } from "#base/byte-reader.ts";
import type { Decoding } from "#base/decoding.ts";

/**
 * Both directions of a conversation without I/O: it yields bytes to send, or asks for bytes as a
 * `Decoding` does, and returns what was agreed.
 */
export type Dialogue<T> = Generator<number | Uint8Array, T, Uint8Array>;

/** Holds a dialogue with a peer. Bytes are sent before any are waited for. */
export async function hold<T>(
  dialogue: Dialogue<T>,
  reader: ByteReader,
  write: (bytes: Uint8Array) => Promise<void> | void,
): Promise<T> {
  let step = dialogue.next(NO_BYTES);
  while (!step.done) {
    if (typeof step.value === "number") {
      step = await reader.read(untilSend(dialogue, step.value));
    } else {
      await write(step.value);
      step = dialogue.next(NO_BYTES);
    }
  }
  return step.value;
}

/** Runs the dialogue as a decoding until it has something to send, or ends. */
function* untilSend<T>(
  dialogue: Dialogue<T>,
  first: number,
): Decoding<IteratorResult<number | Uint8Array, T>> {
  let step = dialogue.next(yield first);
  while (!step.done && typeof step.value === "number") step = dialogue.next(yield step.value);
  return step;
}

const NO_BYTES = new Uint8Array(0);
