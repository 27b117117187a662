import type { SlotShare } from "#build/engine/site/slot-share.ts";

/** Slots that processes share, of whose changes the runs of this one process hear as well. */
export class AudibleSlots implements SlotShare {
  readonly #share: SlotShare;
  readonly #listeners = new Set<() => void>();
  #isTelling = false;

  constructor(share: SlotShare) {
    this.#share = share;
  }

  take(builder: string, slotsMax: number): Disposable | undefined {
    const slot = this.#share.take(builder, slotsMax);
    if (!slot) return undefined;
    this.#tell();
    return {
      [Symbol.dispose]: () => {
        slot[Symbol.dispose]();
        this.#tell();
      },
    };
  }

  held(builder: string): number {
    return this.#share.held(builder);
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    const elsewhere = this.#share.onChange(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        elsewhere[Symbol.dispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#share[Symbol.asyncDispose]();
  }

  /** Once for all that changes in one turn, and not while the one who changes it is still at it. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
