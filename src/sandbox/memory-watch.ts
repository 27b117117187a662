/** Ends a run that uses more memory than it may. */
export class MemoryWatch implements Disposable {
  readonly #isOver: () => boolean;
  readonly #timer: NodeJS.Timeout;
  #wasOver = false;

  /** `isOver` is asked now and then; the first time that it says yes, `kill` is called. */
  constructor({ isOver, kill }: { readonly isOver: () => boolean; readonly kill: () => void }) {
    this.#isOver = isOver;
    this.#timer = setInterval(() => {
      if (this.wasOver) kill();
    }, LOOK_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Whether the run was over its limit at any time when somebody looked. */
  get wasOver(): boolean {
    this.#wasOver ||= this.#isOver();
    return this.#wasOver;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

const LOOK_INTERVAL_MS = 500;
