import { type Decoding, PEEK } from "#base/decoding.ts";
import { LimitError } from "#base/errors.ts";
import { asBuffer } from "#base/text.ts";
import { type Codec, defineCodec, type WireContext } from "./codec.ts";
import { Cursor, SHORT } from "./cursor.ts";
import { LIST_LENGTH_MAX } from "./limits.ts";
import { within } from "./wire-error.ts";

/** A key and what belongs to it. */
export interface Keyed<K, V> {
  readonly key: K;
  readonly value: V;
}

/** Items without a count, each behind a key; a key that reads as undefined ends them. */
export function listUntilNoKey<K, V>(
  key: Codec<K | undefined>,
  value: Codec<V>,
): Codec<readonly Keyed<K, V>[]> {
  return defineCodec<readonly Keyed<K, V>[]>({
    read(cursor, ctx) {
      const items: Keyed<K, V>[] = [];
      try {
        for (;;) {
          const found = key.read(cursor, ctx);
          if (found === undefined) return items;
          items.push({ key: found, value: value.read(cursor, ctx) });
          checkLength(items);
        }
      } catch (error) {
        throw within("decode", items.length, error);
      }
    },
    *steps(ctx) {
      const items: Keyed<K, V>[] = [];
      try {
        for (;;) {
          if (yield* takeItemsAtHand(items, { key, value, ctx })) return items;
          const found = yield* key.steps(ctx);
          if (found === undefined) return items;
          items.push({ key: found, value: yield* value.steps(ctx) });
          checkLength(items);
        }
      } catch (error) {
        throw within("decode", items.length, error);
      }
    },
    encode(items, out, ctx) {
      for (const item of items) {
        key.encode(item.key, out, ctx);
        value.encode(item.value, out, ctx);
      }
      key.encode(undefined, out, ctx);
    },
  });
}

/** Takes those items that are at hand as a whole: one wait for many items. Whether their end came too. */
function* takeItemsAtHand<K, V>(
  items: Keyed<K, V>[],
  { key, value, ctx }: { key: Codec<K | undefined>; value: Codec<V>; ctx: WireContext },
): Decoding<boolean> {
  const cursor = new Cursor(asBuffer(yield PEEK));
  let taken = 0;
  let isEnded = false;
  try {
    while (!isEnded) {
      const found = key.read(cursor, ctx);
      if (found === undefined) isEnded = true;
      else {
        items.push({ key: found, value: value.read(cursor, ctx) });
        checkLength(items);
      }
      taken = cursor.offset;
    }
  } catch (error) {
    if (error !== SHORT) throw error;
  }
  if (taken > 0) yield taken;
  return isEnded;
}

function checkLength(items: readonly unknown[]): void {
  if (items.length > LIST_LENGTH_MAX)
    throw new LimitError("a list (in items)", items.length, LIST_LENGTH_MAX);
}
