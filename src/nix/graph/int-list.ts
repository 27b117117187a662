/** A growing list of 32-bit integers, four bytes each. */
export class IntList {
  #items = new Int32Array(INITIAL_LENGTH);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#items.length) this.#grow(this.#length * 2);
    this.#items[this.#length++] = value;
  }

  /** The item at `index`, which must be below `length`. */
  at(index: number): number {
    return this.#items[index]!;
  }

  /** Sets the item at `index`, and any that are skipped to -1. */
  set(index: number, value: number): void {
    if (index >= this.#items.length) this.#grow(Math.max(index + 1, this.#items.length * 2));
    if (index >= this.#length) {
      this.#items.fill(-1, this.#length, index);
      this.#length = index + 1;
    }
    this.#items[index] = value;
  }

  #grow(length: number): void {
    const grown = new Int32Array(length);
    grown.set(this.#items.subarray(0, this.#length));
    this.#items = grown;
  }
}

const INITIAL_LENGTH = 64;
