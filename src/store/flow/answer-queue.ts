import { Deferred } from "#base/deferred.ts";
import { FlowWindow } from "./flow-window.ts";

/** Reads the answers to what is sent, in its order and beside the sending, which waits when too much is unanswered. */
export class AnswerQueue {
  readonly #window = new FlowWindow();
  #settled: Promise<void> = Promise.resolve();
  #change = new Deferred<void>();
  #refusal: { readonly error: unknown } | undefined;

  /** Whether something was refused: nothing more should be sent. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Settles when the answers to all that was sent so far are read. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** So many bytes were sent, and `answer` reads what comes of them, or throws what the peer said. */
  expect(bytes: number, answer: () => Promise<unknown>): void {
    this.#window.sent(bytes);
    this.#settled = this.#settled.then(async () => {
      try {
        await answer();
      } catch (error) {
        this.#refusal ??= { error };
      }
      this.#window.answered();
      this.#change.resolve();
      this.#change = new Deferred<void>();
    });
  }

  /** Waits until more may be sent, or something was refused. */
  async room(): Promise<void> {
    while (this.#window.isFull && !this.#refusal) await this.#change.promise;
  }

  /** Waits for all answers; throws what was refused first. */
  async all(): Promise<void> {
    await this.#settled;
    this.throwIfRefused();
  }

  throwIfRefused(): void {
    if (this.#refusal) throw this.#refusal.error;
  }
}
