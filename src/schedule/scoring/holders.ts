/** The builders that hold something: listed while they are few, bits by their ordinals from then on. */
export class Holders<T extends { readonly ordinal: number }> {
  #few: T[] = [];
  #bits: Uint32Array | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** All of them, unless they are more than `LISTED_MAX`. */
  get listed(): readonly T[] | undefined {
    return this.#bits ? undefined : this.#few;
  }

  has(builder: T): boolean {
    const { ordinal } = builder;
    return this.#bits
      ? ((this.#bits[ordinal >> 5] ?? 0) & (1 << ordinal)) !== 0
      : this.#few.includes(builder);
  }

  /** Whether it is new. */
  add(builder: T): boolean {
    if (this.has(builder)) return false;
    this.#size++;
    if (this.#bits) this.#mark(builder);
    else if (this.#few.push(builder) > LISTED_MAX) {
      this.#bits = new Uint32Array(1 + (builder.ordinal >> 5));
      for (const one of this.#few) this.#mark(one);
      this.#few = [];
    }
    return true;
  }

  delete(builder: T): void {
    if (!this.has(builder)) return;
    this.#size--;
    if (this.#bits) this.#bits[builder.ordinal >> 5]! &= ~(1 << builder.ordinal);
    else this.#few.splice(this.#few.indexOf(builder), 1);
  }

  clear(): void {
    this.#few = [];
    this.#bits = undefined;
    this.#size = 0;
  }

  #mark({ ordinal }: T): void {
    const word = ordinal >> 5;
    if (word >= this.#bits!.length) {
      const wider = new Uint32Array(Math.max(word + 1, 2 * this.#bits!.length));
      wider.set(this.#bits!);
      this.#bits = wider;
    }
    this.#bits![word]! |= 1 << ordinal;
  }
}

/** Who holds what so few do is worth a look when it is needed. */
export const LISTED_MAX = 16;
