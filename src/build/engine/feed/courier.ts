import type { Clock } from "#base/clock.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { Rests } from "#base/rests.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { Holder } from "../site/site.ts";
import { PairPace } from "./pair-pace.ts";

export interface CourierOptions {
  /** Which builders do not reach which, over runs. */
  readonly rests: Rests;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Has one builder send paths straight to another. Whether they reach each other is found by trying, once: whoever else
 * would send the same way waits for the first, and a failure is remembered. Of several that could send, the one goes first
 * whose way is open and has little on it.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #first = new Map<string, Promise<boolean>>();
  readonly #pace = new PairPace();
  /** Which ways rest, as was seen last. */
  readonly #seen = new Map<string, { readonly isResting: boolean; readonly atMs: number }>();

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Whether it is worth a try. */
  mayReach(from: Holder, to: Holder): boolean {
    const isPossible = from.peer?.push !== undefined && to.peer?.uri !== undefined && from !== to;
    return isPossible && !this.#isResting(keyOf(from, to));
  }

  /** Of stores that hold something, the builder from which it should get there first; undefined where none may reach it. */
  nearest(holders: readonly Holder[], to: Holder): Holder | undefined {
    let best: { readonly holder: Holder; readonly ms: number } | undefined;
    for (const holder of holders) {
      if (!this.mayReach(holder, to)) continue;
      const ms = this.#pace.expectedMs(keyOf(holder, to));
      if (!best || ms < best.ms) best = { holder, ms };
    }
    return best?.holder;
  }

  /** Sends paths, each after what it refers to. False when they must go another way. */
  async send(from: Holder, to: Holder, infos: readonly PathInfo[]): Promise<boolean> {
    const key = keyOf(from, to);
    const first = this.#first.get(key);
    if (first) return (await first) && this.mayReach(from, to) && (await this.#try(from, to, infos));
    const trying = this.#try(from, to, infos);
    this.#first.set(
      key,
      trying.catch(() => false),
    );
    return await trying;
  }

  /** Asked for every path, so the record, which other runs write too, is looked into now and then only. */
  #isResting(way: string): boolean {
    const { rests, clock } = this.#options;
    const nowMs = clock.now();
    const seen = this.#seen.get(way);
    if (seen && nowMs - seen.atMs < LOOK_AGAIN_MS) return seen.isResting;
    const isResting = rests.restOf(way, nowMs) !== undefined;
    this.#seen.set(way, { isResting, atMs: nowMs });
    return isResting;
  }

  async #try(from: Holder, to: Holder, infos: readonly PathInfo[]): Promise<boolean> {
    const { rests, clock, signal } = this.#options;
    const key = keyOf(from, to);
    const bytes = infos.reduce((sum, { narSize }) => sum + narSize, 0);
    const ended = this.#pace.begin(key, bytes, clock.now());
    try {
      await from.peer!.push!({ to: to.peer!.uri!, infos, signal });
      const paths = infos.map(({ path }) => path);
      const arrived = await to.store.queryValidPaths(paths);
      if (arrived.size < paths.length)
        throw new ElsewhereError("PUSH_FAILED", `${from.name} says that it sent all, and it is not there`);
      rests.end(key);
      this.#seen.delete(key);
      ended(clock.now(), true);
      return true;
    } catch (error) {
      ended(clock.now(), false);
      signal.throwIfAborted();
      this.#seen.delete(key);
      rests.rest(key, { untilMs: clock.now() + REST_MS, message: messageOf(error) });
      return false;
    }
  }
}

function keyOf(from: Holder, to: Holder): string {
  return `${from.peer?.uri ?? from.name} ${to.peer?.uri ?? to.name}`;
}

const LOOK_AGAIN_MS = 1000;
/** How long two builders that did not reach each other are not tried again: an hour, in milliseconds. */
const REST_MS = 3_600_000;
