/** Says which of two items comes first, below or above 0; 0 only for an item and itself. */
export type Order<T> = (a: T, b: T) => number;

/**
 * Items in an order, held in short runs, so that adding and taking out costs little in long lists as well. Those with a smaller
 * number come first; only among equal numbers is the order asked, so that looking for a place reads numbers that lie side by side.
 */
export class OrderedList<T> {
  readonly #order: Order<T>;
  readonly #keyOf: (item: T) => number;
  /** None is empty. */
  readonly #runs: Run<T>[] = [];
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
      return;
    }
    const place = this.#placeIn(run, item, key);
    insert(run.items, place, item);
    insert(run.keys, place, key);
    if (run.items.length <= RUN_ITEMS_MAX) return;
    const half = run.items.length >> 1;
    this.#runs.splice(at + 1, 0, { items: run.items.splice(half), keys: run.keys.splice(half) });
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
    if (run.items.length === 0) this.#runs.splice(at, 1);
    this.#length--;
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
    const found: T[] = [];
    if (count > 0) this.some((item) => found.push(item) === count, Math.max(0, start));
    return found;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const { items } of this.#runs) yield* items;
  }

  /** The first run whose last item does not come before `item`. */
  #runOf(item: T, key: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { items, keys } = this.#runs[middle]!;
      const other = keys[keys.length - 1]!;
      if (other < key || (other === key && this.#order(items[items.length - 1]!, item) < 0)) low = middle + 1;
      else high = middle;
    }
    return low;
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

const RUN_ITEMS_MAX = 128;
