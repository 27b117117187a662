import { IntList } from "./int-list.ts";

/** For each node a run of tuples of integers, all in one list. */
export class Spans {
  readonly #width: number;
  readonly #items = new IntList();
  readonly #starts = new IntList();
  readonly #ends = new IntList();

  constructor(width: 1 | 2) {
    this.#width = width;
  }

  get total(): number {
    return this.#items.length / this.#width;
  }

  begin(id: number): void {
    this.#starts.set(id, this.#items.length);
  }

  push(first: number, second?: number): void {
    this.#items.push(first);
    if (second !== undefined) this.#items.push(second);
  }

  end(id: number): void {
    this.#ends.set(id, this.#items.length);
  }

  countOf(id: number): number {
    return this.#isKnown(id) ? (this.#ends.at(id) - this.#starts.at(id)) / this.#width : 0;
  }

  forEach(id: number, visit: (first: number, second: number) => void): void {
    if (!this.#isKnown(id)) return;
    const end = this.#ends.at(id);
    for (let i = this.#starts.at(id); i < end; i += this.#width)
      visit(this.#items.at(i), this.#width === 2 ? this.#items.at(i + 1) : -1);
  }

  #isKnown(id: number): boolean {
    return id < this.#ends.length && this.#ends.at(id) >= 0;
  }
}
