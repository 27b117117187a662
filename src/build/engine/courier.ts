import type { Clock } from "#base/clock.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { Rests } from "#base/rests.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { Holder } from "./site.ts";

export interface CourierOptions {
  /** Which builders do not reach which, over runs. */
  readonly rests: Rests;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Has one builder send paths straight to another. Whether they reach each other is found by trying, once: whoever else
 * would send the same way waits for the first, and a failure is remembered.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #first = new Map<string, Promise<boolean>>();

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Whether it is worth a try. */
  mayReach(from: Holder, to: Holder): boolean {
    const { rests, clock } = this.#options;
    const isPossible = from.peer?.push !== undefined && to.peer?.uri !== undefined && from !== to;
    return isPossible && rests.restOf(keyOf(from, to), clock.now()) === undefined;
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

  async #try(from: Holder, to: Holder, infos: readonly PathInfo[]): Promise<boolean> {
    const { rests, clock, signal } = this.#options;
    const key = keyOf(from, to);
    try {
      await from.peer!.push!({ to: to.peer!.uri!, infos, signal });
      const paths = infos.map(({ path }) => path);
      const arrived = await to.store.queryValidPaths(paths);
      if (arrived.size < paths.length)
        throw new ElsewhereError("PUSH_FAILED", `${from.name} says that it sent all, and it is not there`);
      rests.end(key);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      rests.rest(key, { untilMs: clock.now() + REST_MS, message: messageOf(error) });
      return false;
    }
  }
}

function keyOf(from: Holder, to: Holder): string {
  return `${from.peer?.uri ?? from.name} ${to.peer?.uri ?? to.name}`;
}

/** How long two builders that did not reach each other are not tried again: an hour, in milliseconds. */
const REST_MS = 3_600_000;
