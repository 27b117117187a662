import type { Clock } from "#base/clock.ts";
import { Deferred } from "#base/deferred.ts";

/** A clock that is turned by hand. */
export class HandClock implements Clock {
  #nowMs = 0;
  #sleepers: { atMs: number; woken: Deferred<void> }[] = [];

  now(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const sleeper = { atMs: this.#nowMs + ms, woken: new Deferred<void>() };
    signal?.addEventListener("abort", () => sleeper.woken.reject(signal.reason));
    this.#sleepers.push(sleeper);
    await sleeper.woken.promise;
  }

  /** On to when the next who sleeps is to be woken, if anybody sleeps, once all that can happen before has happened. */
  async goOn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const next = Math.min(...this.#sleepers.map(({ atMs }) => atMs));
    if (Number.isFinite(next)) await this.goTo(next);
  }

  async goTo(nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    const due = this.#sleepers.filter(({ atMs }) => atMs <= nowMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { woken } of due) woken.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
