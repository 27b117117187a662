import { Deferred } from "#base/deferred.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Feeder } from "./feeder.ts";
import { type Portion, portionsOf } from "./portion.ts";
import { Errand, hurry, Moving } from "./precedence.ts";
import type { Holder } from "./site.ts";
import { SourceFault, transfer } from "./transfer.ts";

/** What became of a path that was asked for; `source-lost`: another store may have it. */
export type Brought = "there" | "source-lost";

interface Order {
  readonly path: StorePath;
  readonly brought: Deferred<Brought>;
}

/** What a portion is sent for. */
interface Shipping {
  readonly orders: readonly Order[];
  readonly errand: Errand | undefined;
}

/**
 * The way from one store into another. What is asked for while something is sent goes together in the next stream; a
 * second stream takes what is large, so that it does not hold up the small things behind it.
 */
export class FeedLine {
  readonly #source: Holder;
  readonly #feeder: Feeder;
  readonly #isAhead: boolean;
  #waiting: Order[] = [];
  #isSending = false;
  /** The large portions, one after the other. */
  #bulk: Promise<void> = Promise.resolve();

  /** `isAhead`: nobody waits for what it brings, so it goes when nothing else does. */
  constructor(source: Holder, feeder: Feeder, { isAhead = false } = {}) {
    this.#source = source;
    this.#feeder = feeder;
    this.#isAhead = isAhead;
  }

  bring(path: StorePath): Promise<Brought> {
    const brought = new Deferred<Brought>();
    this.#waiting.push({ path, brought });
    queueMicrotask(() => this.#pump());
    return brought.promise;
  }

  #pump(): void {
    if (this.#isSending || this.#waiting.length === 0) return;
    const orders = this.#waiting;
    this.#waiting = [];
    this.#isSending = true;
    void this.#serve(orders).finally(() => {
      this.#isSending = false;
      this.#pump();
    });
  }

  async #serve(orders: readonly Order[]): Promise<void> {
    const { precedence } = this.#feeder.options;
    const errand = this.#isAhead && precedence ? new Errand(precedence) : undefined;
    try {
      const portions = await this.#survey(orders, errand);
      const ship = (portion: Portion) => this.#ship(portion, { orders, errand });
      for (const portion of errand ? [] : portions) {
        if (portion.isLarge) this.#bulk = this.#bulk.then(() => ship(portion));
        // It stands in nobody's way until others have brought what must come first.
        else if (portion.isLate) void ship(portion);
      }
      for (const portion of portions) if (errand || !(portion.isLarge || portion.isLate)) await ship(portion);
    } catch (error) {
      for (const { brought } of orders) this.#settle(brought, error);
    }
  }

  /** What must be sent for `orders`, in the order of sending; from now on it counts as on its way. */
  async #survey(orders: readonly Order[], errand: Errand | undefined): Promise<Portion[]> {
    const { moving } = this.#feeder;
    const roots = orders.map(({ path }) => path);
    const closure = await this.#ask(() => this.#source.store.queryClosure(roots));
    const unsure = closure.filter(({ path }) => !this.#feeder.has(path));
    const before = new Map(
      unsure.flatMap(({ path }) => (moving.has(path) ? [[path, moving.get(path)!]] : [])),
    );
    const ours = unsure.filter(({ path }) => !before.has(path));
    const own = new Map(ours.map(({ path }) => [path, new Moving(errand)]));
    for (const [path, deferred] of own) moving.set(path, deferred);
    try {
      const paths = ours.map(({ path }) => path);
      const valid = await this.#feeder.validInTarget(paths);
      this.#arrive(paths.filter((path) => valid.has(path)));
      const missing = this.#acceptable(ours.filter(({ path }) => !valid.has(path)));
      this.#forget(paths.filter((path) => this.#feeder.withheld.has(path)));
      return portionsOf(roots, { closure, missing, before, own });
    } catch (error) {
      for (const { path } of ours) this.#fail(path, error);
      throw error;
    }
  }

  /** Sends a portion, and settles the orders that it completes. */
  async #ship({ roots, infos, first }: Portion, { orders, errand }: Shipping): Promise<void> {
    const mine = orders.filter(({ path }) => roots.has(path));
    try {
      if (errand) errand.follow(first);
      else hurry(first);
      // A path is only taken after what it refers to, and that may be in another stream.
      await Promise.all(first.map(({ promise }) => promise));
      if (infos.length > 0) await this.#send(infos, errand);
      this.#arrive(infos.map(({ path }) => path));
      for (const { brought } of mine) brought.resolve("there");
    } catch (error) {
      for (const { path } of infos) this.#fail(path, error);
      for (const { brought } of mine) this.#settle(brought, error);
    }
  }

  async #send(infos: readonly PathInfo[], errand: Errand | undefined): Promise<void> {
    const { target, options } = this.#feeder;
    if (errand) return await transfer(this.#source, target, infos, { ...options, errand });
    using _ = options.precedence?.enter();
    await transfer(this.#source, target, infos, options);
  }

  #acceptable(infos: readonly PathInfo[]): readonly PathInfo[] {
    const { withheld, options } = this.#feeder;
    const { accepts } = options;
    if (!accepts) return infos;
    return infos.filter((info) => {
      const fine = accepts(info) && !info.references.some((reference) => withheld.has(reference));
      if (!fine) withheld.add(info.path);
      return fine;
    });
  }

  #arrive(paths: readonly StorePath[]): void {
    this.#feeder.arrived(paths);
    this.#feeder.options.whereabouts.add(this.#feeder.target, paths);
    this.#forget(paths);
  }

  #forget(paths: readonly StorePath[]): void {
    for (const path of paths) {
      this.#feeder.moving.get(path)?.resolve();
      this.#feeder.moving.delete(path);
    }
  }

  #fail(path: StorePath, error: unknown): void {
    this.#feeder.moving.get(path)?.reject(error);
    this.#feeder.moving.delete(path);
  }

  /** A builder that could not send is lost; what another store has may come from there. */
  #settle(brought: Deferred<Brought>, error: unknown): void {
    if (!(error instanceof SourceFault)) brought.reject(error);
    else if (!error.source.peer) brought.reject(error.cause);
    else {
      this.#feeder.options.onSourceLost(error.source, error.message);
      brought.resolve("source-lost");
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw new SourceFault(this.#source, error);
    }
  }
}
