/** A builder, as far as it matters here. */
export interface StoredBy<Holder> {
  /** Its place among all. */
  readonly ordinal: number;
  /** A list of it alone. */
  readonly alone: readonly Holder[];
}

/** Something that some builders hold: they are listed while they are few, bits by their ordinals from then on. */
export class Stored<Holder extends StoredBy<Holder>> {
  readonly path: string;
  bytes: number;
  #holders = 0;
  /** While there is one only, the list that is shared by all that it alone holds. */
  #few: readonly Holder[] = NOBODY;
  #bits: Uint32Array | undefined;

  constructor(path: string, bytes: number) {
    this.path = path;
    this.bytes = bytes;
  }

  /** How many hold it. */
  get holders(): number {
    return this.#holders;
  }

  /** All who hold it; none if they are more than `LISTED_MAX`. */
  get listed(): readonly Holder[] {
    return this.#few;
  }

  isHeldBy(builder: Holder): boolean {
    const { ordinal } = builder;
    if (this.#bits) return ((this.#bits[ordinal >> 5] ?? 0) & (1 << ordinal)) !== 0;
    // No list need be read for what most things are: held by one or by none.
    if (this.#holders <= 1) return this.#few === builder.alone;
    return this.#few.includes(builder);
  }

  /** Whether that is new. */
  addHolder(builder: Holder): boolean {
    if (this.isHeldBy(builder)) return false;
    this.#holders++;
    if (this.#bits) this.#mark(builder);
    else if (this.#holders <= LISTED_MAX)
      this.#few = this.#holders === 1 ? builder.alone : this.#few.concat(builder);
    else {
      this.#bits = new Uint32Array(1 + (builder.ordinal >> 5));
      for (const one of this.#few) this.#mark(one);
      this.#mark(builder);
      this.#few = NOBODY;
    }
    return true;
  }

  removeHolder(builder: Holder): void {
    if (!this.isHeldBy(builder)) return;
    this.#holders--;
    if (this.#bits) this.#bits[builder.ordinal >> 5]! &= ~(1 << builder.ordinal);
    else if (this.#holders === 1) this.#few = this.#few.find((one) => one !== builder)!.alone;
    else this.#few = this.#few.filter((one) => one !== builder);
  }

  removeHolders(): void {
    this.#holders = 0;
    this.#few = NOBODY;
    this.#bits = undefined;
  }

  #mark({ ordinal }: Holder): void {
    const word = ordinal >> 5;
    if (word >= this.#bits!.length) {
      const wider = new Uint32Array(Math.max(word + 1, 2 * this.#bits!.length));
      wider.set(this.#bits!);
      this.#bits = wider;
    }
    this.#bits![word]! |= 1 << ordinal;
  }
}

const NOBODY: readonly never[] = [];
/** Who holds what so few do is worth a look when it is needed. */
const LISTED_MAX = 16;
