/** Says which of two items comes first, below or above 0; 0 only for an item and itself. */
export type Order<T> = (a: T, b: T) => number;

/**
 * Items in an order, held in short runs, so that adding and taking out costs little in long lists as well. Those with a smaller
 * number come first; only among equal numbers is the order asked, so that looking for a place reads numbers that lie side by side.
 */
export class OrderedList<T> {
  readonly #order: Order<T>;
  readonly #keyOf: (item: T) => number;
  /** None is empty but one that is alone. */
  readonly #runs: Run<T>[] = [];
  /** Of each run the number of its last item. */
  readonly #lastKeys: number[] = [];
  #length = 0;

  constructor(order: Order<T>, keyOf: (item: T) => number = () => 0) {
    this.#order = order;
    this.#keyOf = keyOf;
  }

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#runs[0]?.items[0];
  }

  add(item: T): void {
    this.#length++;
    const key = this.#keyOf(item);
    const at = Math.min(this.#runOf(item, key), this.#runs.length - 1);
    const run = this.#runs[at];
    if (!run) {
      this.#runs.push({ items: [item], keys: [key] });
      this.#lastKeys.push(key);
      return;
    }
    const place = this.#placeIn(run, item, key);
    insert(run.items, place, item);
    insert(run.keys, place, key);
    if (place === run.keys.length - 1) this.#lastKeys[at] = key;
    if (run.items.length > RUN_ITEMS_MAX) this.#halve(at);
  }

  /** Takes an item out; its place in the order must be that which it had when it was added. */
  delete(item: T): boolean {
    const key = this.#keyOf(item);
    const at = this.#runOf(item, key);
    const run = this.#runs[at];
    if (!run) return false;
    const place = this.#placeIn(run, item, key);
    if (run.items[place] !== item) return false;
    remove(run.items, place);
    remove(run.keys, place);
    this.#length--;
    if (run.keys.length === 0 && this.#runs.length > 1) {
      this.#runs.splice(at, 1);
      this.#lastKeys.splice(at, 1);
    } else if (place === run.keys.length) this.#lastKeys[at] = run.keys[place - 1] ?? 0;
    return true;
  }

  at(index: number): T | undefined {
    let left = index;
    for (const { items } of this.#runs) {
      if (left < items.length) return items[left];
      left -= items.length;
    }
    return undefined;
  }

  /** The number of an item, which is not read for it. */
  keyAt(index: number): number | undefined {
    let left = index;
    for (const { keys } of this.#runs) {
      if (left < keys.length) return keys[left];
      left -= keys.length;
    }
    return undefined;
  }

  /** How many items come before `item`. */
  rankOf(item: T): number {
    const key = this.#keyOf(item);
    const at = this.#runOf(item, key);
    let before = 0;
    for (let i = 0; i < at; i++) before += this.#runs[i]!.items.length;
    return at < this.#runs.length ? before + this.#placeIn(this.#runs[at]!, item, key) : before;
  }

  /** Goes through items from a place on, until one is answered with true. */
  some(test: (item: T) => boolean, start = 0): boolean {
    let left = start;
    for (const { items } of this.#runs) {
      if (left >= items.length) {
        left -= items.length;
        continue;
      }
      for (let i = left; i < items.length; i++) if (test(items[i]!)) return true;
      left = 0;
    }
    return false;
  }

  /** Up to `count` items from a place on. */
  slice(start: number, count: number): T[] {
    let found: T[] | undefined;
    let left = Math.max(0, start);
    for (const { items } of this.#runs) {
      const part = items.slice(left, left + count - (found?.length ?? 0));
      if (part.length > 0) found = found ? found.concat(part) : part;
      if (found && found.length >= count) return found;
      left = Math.max(0, left - items.length);
    }
    return found ?? [];
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { items } of this.#runs) yield* items;
  }

  /** The first run whose last item does not come before `item`. */
  #runOf(item: T, key: number): number {
    const keys = this.#lastKeys;
    let low = 0;
    let high = this.#runs.length;
    // Most lists are that short.
    if (high <= 1) return 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = keys[middle]!;
      if (other < key || (other === key && this.#endsBefore(this.#runs[middle]!, item))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #endsBefore({ items }: Run<T>, item: T): boolean {
    return items.length > 0 && this.#order(items[items.length - 1]!, item) < 0;
  }

  #placeIn({ items, keys }: Run<T>, item: T, key: number): number {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = keys[middle]!;
      if (other < key || (other === key && this.#order(items[middle]!, item) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #halve(at: number): void {
    const { items, keys } = this.#runs[at]!;
    const half = items.length >> 1;
    this.#runs.splice(at + 1, 0, { items: items.splice(half), keys: keys.splice(half) });
    this.#lastKeys.splice(at, 0, keys[half - 1]!);
  }
}

interface Run<T> {
  readonly items: T[];
  /** Of each item its number. */
  readonly keys: number[];
}

/** `splice` without the array that it returns. */
function insert<V>(values: V[], place: number, value: V): void {
  values.push(value);
  for (let i = values.length - 1; i > place; i--) values[i] = values[i - 1]!;
  values[place] = value;
}

function remove<V>(values: V[], place: number): void {
  for (let i = place + 1; i < values.length; i++) values[i - 1] = values[i]!;
  values.pop();
}

const RUN_ITEMS_MAX = 64;
