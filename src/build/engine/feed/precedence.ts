import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { IncomingPath } from "#store/store.ts";

/** Who goes first of what a run sends: what a build waits for. What is sent ahead of its need stands still meanwhile. */
export class Precedence implements Disposable {
  #urgent = 0;
  #isOver = false;
  #change = new Deferred<void>();

  /** Something that a build waits for is being sent, until this is disposed. */
  enter(): Disposable {
    this.#urgent++;
    return {
      [Symbol.dispose]: () => {
        this.#urgent--;
        if (this.#urgent === 0) this.#announce();
      },
    };
  }

  /** Undefined for what may go now; else resolves when that may have changed. Throws when the run is over. */
  turn(): Promise<void> | undefined {
    if (this.#isOver)
      throw new ElsewhereError("RUN_OVER", "Nothing is sent ahead any longer: the run is over");
    return this.#urgent > 0 ? this.#change.promise : undefined;
  }

  /** The run is over: what is under way ahead of its need stops. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#announce();
  }

  #announce(): void {
    this.#change.resolve();
    this.#change = new Deferred<void>();
  }
}

/** What is sent together ahead of its need, until a build waits for a part of it: then it is like everything else. */
export class Errand {
  readonly #precedence: Precedence;
  readonly #hurried = new Deferred<void>();
  #isHurried = false;
  /** What must arrive before it. */
  #behind: readonly Moving[] = [];

  constructor(precedence: Precedence) {
    this.#precedence = precedence;
  }

  hurry(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    this.#hurried.resolve();
    hurry(this.#behind);
  }

  follow(first: readonly Moving[]): void {
    this.#behind = first;
    if (this.#isHurried) hurry(first);
  }

  /** Resolves when it may go on. */
  async turn(): Promise<void> {
    for (let wait = this.#precedence.turn(); wait && !this.#isHurried; wait = this.#precedence.turn())
      await Promise.race([wait, this.#hurried.promise]);
  }

  /** Stands still, also within a path, whenever it is not its turn. */
  async *pace(paths: AsyncIterable<IncomingPath>): AsyncGenerator<IncomingPath> {
    for await (const { info, nar } of paths) {
      await this.turn();
      yield { info, nar: this.#paceChunks(nar) };
    }
  }

  async *#paceChunks(nar: IncomingPath["nar"]): IncomingPath["nar"] {
    for await (const chunk of nar) {
      await this.turn();
      yield chunk;
    }
  }
}

/** A path on its way into a store, by an errand if nobody waited for it when it was sent. */
export class Moving extends Deferred<void> {
  readonly errand: Errand | undefined;

  constructor(errand: Errand | undefined) {
    super();
    this.errand = errand;
  }
}

/** Somebody waits for these now. */
export function hurry(paths: readonly Moving[]): void {
  for (const { errand } of paths) errand?.hurry();
}
