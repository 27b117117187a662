import type { Decoding } from "#base/decoding.ts";
import { LimitError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import { whileAtHand } from "./at-hand.ts";
import { type Codec, defineCodec, type WireContext } from "./codec.ts";
import type { Cursor } from "./cursor.ts";
import { mapped } from "./derive.ts";
import { LIST_LENGTH_MAX, MAP_LENGTH_MAX } from "./limits.ts";
import { u64 } from "./primitives.ts";
import { struct } from "./struct.ts";
import { within } from "./wire-error.ts";

/** A count, then that many items in their order. */
export function list<T>(item: Codec<T>, lengthMax = LIST_LENGTH_MAX): Codec<readonly T[]> {
  return defineCodec<readonly T[]>({
    read(cursor, ctx) {
      const items: T[] = [];
      readItems(items, checkedLength(u64.read(cursor, ctx), lengthMax), { item, cursor, ctx });
      return items;
    },
    *steps(ctx) {
      const length = checkedLength(yield* u64.steps(ctx), lengthMax);
      const items: T[] = [];
      while (items.length < length) {
        yield* takeItemsAtHand(items, length, { item, ctx });
        if (items.length < length) items.push(yield* takeItem(item, items.length, ctx));
      }
      return items;
    },
    encode(items, out, ctx) {
      out.u64(items.length);
      let index = 0;
      try {
        for (; index < items.length; index++) item.encode(items[index]!, out, ctx);
      } catch (error) {
        throw within("encode", index, error);
      }
    },
  });
}

/** Texts in the order of their bytes, each once: sorted when written, and when a peer did not. */
export function set<T extends string>(
  item: Codec<T>,
  compare: (a: T, b: T) => number = compareText,
): Codec<readonly T[]> {
  const sorted = (items: readonly T[]) => ascending(items, compare);
  return mapped(list(item), { parse: sorted, print: sorted });
}

/** Entries in the order of the bytes of their keys when written; the last of equal keys counts. */
export function map<K extends string, V>(key: Codec<K>, value: Codec<V>): Codec<ReadonlyMap<K, V>> {
  return mapped(list(struct({ key, value }), MAP_LENGTH_MAX), {
    parse: (entries): ReadonlyMap<K, V> => new Map(entries.map((entry) => [entry.key, entry.value])),
    print: (map) =>
      [...map].map(([key, value]) => ({ key, value })).sort((a, b) => compareText(a.key, b.key)),
  });
}

interface ItemReading<T> {
  readonly item: Codec<T>;
  readonly ctx: WireContext;
}

function readItems<T>(
  items: T[],
  length: number,
  { item, cursor, ctx }: ItemReading<T> & { cursor: Cursor },
): void {
  try {
    while (items.length < length) items.push(item.read(cursor, ctx));
  } catch (error) {
    throw within("decode", items.length, error);
  }
}

/** Takes those items that are at hand as a whole. */
function* takeItemsAtHand<T>(items: T[], length: number, { item, ctx }: ItemReading<T>): Decoding<void> {
  try {
    yield* whileAtHand((cursor) => items.push(item.read(cursor, ctx)) < length);
  } catch (error) {
    throw within("decode", items.length, error);
  }
}

function* takeItem<T>(item: Codec<T>, index: number, ctx: WireContext): Decoding<T> {
  try {
    return yield* item.steps(ctx);
  } catch (error) {
    throw within("decode", index, error);
  }
}

function checkedLength(length: number, lengthMax: number): number {
  if (length > lengthMax) throw new LimitError("a list (in items)", length, lengthMax);
  return length;
}

function ascending<T extends string>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  for (let index = 1; index < items.length; index++)
    if (compare(items[index - 1]!, items[index]!) >= 0) return [...new Set(items)].sort(compare);
  return items;
}
