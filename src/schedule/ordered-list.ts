/** Says which of two items comes first, below or above 0; 0 only for an item and itself. */
export type Order<T> = (a: T, b: T) => number;

/** Items in an order, held in short runs, so that adding and taking out costs little in long lists as well. */
export class OrderedList<T> {
  readonly #order: Order<T>;
  /** None is empty. */
  readonly #runs: T[][] = [];
  #length = 0;

  constructor(order: Order<T>) {
    this.#order = order;
  }

  get length(): number {
    return this.#length;
  }

  get first(): T | undefined {
    return this.#runs[0]?.[0];
  }

  add(item: T): void {
    this.#length++;
    const at = Math.min(this.#runOf(item), this.#runs.length - 1);
    const run = this.#runs[at];
    if (!run) {
      this.#runs.push([item]);
      return;
    }
    run.splice(this.#placeIn(run, item), 0, item);
    if (run.length > RUN_ITEMS_MAX) this.#runs.splice(at + 1, 0, run.splice(run.length >> 1));
  }

  /** Takes an item out; its place in the order must be that which it had when it was added. */
  delete(item: T): boolean {
    const at = this.#runOf(item);
    const run = this.#runs[at];
    if (!run) return false;
    const place = this.#placeIn(run, item);
    if (run[place] !== item) return false;
    run.splice(place, 1);
    if (run.length === 0) this.#runs.splice(at, 1);
    this.#length--;
    return true;
  }

  at(index: number): T | undefined {
    let left = index;
    for (const run of this.#runs) {
      if (left < run.length) return run[left];
      left -= run.length;
    }
    return undefined;
  }

  /** How many items come before `item`. */
  rankOf(item: T): number {
    const at = this.#runOf(item);
    let before = 0;
    for (let i = 0; i < at; i++) before += this.#runs[i]!.length;
    return at < this.#runs.length ? before + this.#placeIn(this.#runs[at]!, item) : before;
  }

  /** Up to `count` items from a place on. */
  slice(start: number, count: number): T[] {
    const found: T[] = [];
    let left = Math.max(0, start);
    for (const run of this.#runs) {
      if (found.length === count) break;
      if (left >= run.length) left -= run.length;
      else {
        for (let i = left; i < run.length && found.length < count; i++) found.push(run[i]!);
        left = 0;
      }
    }
    return found;
  }

  /** Goes through items until `enough` of them have passed `test`; how many did. */
  count(test: (item: T) => boolean, enough: number): number {
    let passed = 0;
    for (const run of this.#runs)
      for (const item of run) if (test(item) && ++passed === enough) return passed;
    return passed;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const run of this.#runs) yield* run;
  }

  /** The first run whose last item does not come before `item`. */
  #runOf(item: T): number {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order(this.#runs[middle]!.at(-1)!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeIn(run: readonly T[], item: T): number {
    let [low, high] = [0, run.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order(run[middle]!, item) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const RUN_ITEMS_MAX = 128;
