import type { Clock } from "#base/clock.ts";
import { lookUpUser } from "./local-user.ts";
import type { LocalUser } from "./trusted-users.ts";

/** Users of this machine, for a server that is asked for the same ones again and again: each is looked up now and then only. */
export class KnownUsers {
  readonly #clock: Clock;
  readonly #lookUp: (uid: number) => Promise<LocalUser>;
  readonly #known = new Map<number, { readonly user: Promise<LocalUser>; readonly untilMs: number }>();

  constructor(clock: Clock, lookUp = lookUpUser) {
    this.#clock = clock;
    this.#lookUp = lookUp;
  }

  async lookUp(uid: number): Promise<LocalUser> {
    const nowMs = this.#clock.now();
    const known = this.#known.get(uid);
    if (known && nowMs < known.untilMs) return await known.user;
    for (const [other, { untilMs }] of this.#known) if (untilMs <= nowMs) this.#known.delete(other);
    const user = this.#lookUp(uid);
    this.#known.set(uid, { user, untilMs: nowMs + KNOWN_MS });
    return await user;
  }
}

/** Who joins a group is that much later trusted, and who leaves it that much longer. */
const KNOWN_MS = 10_000;
