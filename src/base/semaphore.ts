/** Lets at most `permits` holders in at a time, first come first served. */
export class Semaphore {
  /** Below 0 while more are in than may be. */
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Waits for a permit; dispose it to give it back. */
  async acquire(): Promise<Disposable> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#untilDisposed(1);
  }

  /** Lets `more` further holders in until it is disposed; who is in then stays. */
  widen(more: number): Disposable {
    this.#add(more);
    return this.#untilDisposed(-more);
  }

  /** What gives `permits` back, once. */
  #untilDisposed(permits: number): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#add(permits);
        isHeld = false;
      },
    };
  }

  #add(permits: number): void {
    this.#free += permits;
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free--;
      this.#waiting.shift()!();
    }
  }
}
