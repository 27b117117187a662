import { OrderedList } from "#schedule/ordered-list.ts";

/** Something that will happen. */
export interface Happening {
  readonly atMs: number;
  readonly number: number;
  readonly happen: () => void;
}

/** Simulated time: what shall happen when, in order; at the same time, in the order in which it was said. */
export class Timeline {
  readonly #happenings = new OrderedList<Happening>((a, b) => a.atMs - b.atMs || a.number - b.number);
  #nowMs = 0;
  #said = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  at(atMs: number, happen: () => void): Happening {
    const happening = { atMs, number: this.#said++, happen };
    this.#happenings.add(happening);
    return happening;
  }

  callOff(happening: Happening): void {
    this.#happenings.delete(happening);
  }

  /** Until nothing is left that shall happen. */
  pass(): void {
    for (let next = this.#happenings.first; next; next = this.#happenings.first) {
      this.#happenings.delete(next);
      this.#nowMs = next.atMs;
      next.happen();
    }
  }
}
