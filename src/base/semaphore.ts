/** Gives itself back when it is disposed. */
export interface Permit extends Disposable {
  /** Lets another have it while `work` goes on, then waits for one again. It stays given back when `work` fails. */
  lendDuring(work: () => Promise<unknown>): Promise<void>;
}

/** Lets at most `permits` holders in at a time, first come first served. */
export class Semaphore {
  /** Below 0 while more are in than may be. */
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  /** How many may come in without waiting. */
  get free(): number {
    return Math.max(0, this.#free);
  }

  /** Waits for a permit; dispose it to give it back. */
  async acquire(): Promise<Permit> {
    await this.#take();
    let isHeld = true;
    const giveBack = () => {
      if (isHeld) this.#add(1);
      isHeld = false;
    };
    return {
      lendDuring: async (work) => {
        giveBack();
        await work();
        await this.#take();
        isHeld = true;
      },
      [Symbol.dispose]: giveBack,
    };
  }

  /** Lets `more` further holders in until it is disposed; who is in then stays. */
  widen(more: number): Disposable {
    this.#add(more);
    let isWide = true;
    return {
      [Symbol.dispose]: () => {
        if (isWide) this.#add(-more);
        isWide = false;
      },
    };
  }

  async #take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #add(permits: number): void {
    this.#free += permits;
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free--;
      this.#waiting.shift()!();
    }
  }
}
