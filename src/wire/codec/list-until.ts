import { LimitError } from "#base/errors.ts";
import { whileAtHand } from "./at-hand.ts";
import { type Codec, defineCodec, type WireContext } from "./codec.ts";
import type { Cursor } from "./cursor.ts";
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
  /** Whether there was one more: the end is taken too. */
  const readOne = (items: Keyed<K, V>[], cursor: Cursor, ctx: WireContext): boolean => {
    const found = key.read(cursor, ctx);
    if (found === undefined) return false;
    items.push({ key: found, value: value.read(cursor, ctx) });
    checkLength(items);
    return true;
  };
  return defineCodec<readonly Keyed<K, V>[]>({
    read(cursor, ctx) {
      const items: Keyed<K, V>[] = [];
      try {
        for (let isMore = true; isMore; ) isMore = readOne(items, cursor, ctx);
        return items;
      } catch (error) {
        throw within("decode", items.length, error);
      }
    },
    *steps(ctx) {
      const items: Keyed<K, V>[] = [];
      let isEnded = false;
      try {
        for (;;) {
          yield* whileAtHand((cursor) => {
            isEnded = !readOne(items, cursor, ctx);
            return !isEnded;
          });
          if (isEnded) return items;
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

function checkLength(items: readonly unknown[]): void {
  if (items.length > LIST_LENGTH_MAX)
    throw new LimitError("a list (in items)", items.length, LIST_LENGTH_MAX);
}
