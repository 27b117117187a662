import { type Decoding, PEEK } from "#base/decoding.ts";
import { asBuffer } from "#base/text.ts";
import { Cursor, SHORT } from "./cursor.ts";

/**
 * Runs `read` over the bytes at hand, again and again, until it returns false or finds too few: one wait for many
 * values. What it took in a run that came to its end is taken; a run that found too few took nothing.
 */
export function* whileAtHand(read: (cursor: Cursor) => boolean): Decoding<void> {
  const cursor = new Cursor(asBuffer(yield PEEK));
  let taken = 0;
  try {
    for (let goesOn = true; goesOn; taken = cursor.offset) goesOn = read(cursor);
  } catch (error) {
    if (error !== SHORT) throw error;
  }
  if (taken > 0) yield taken;
}
