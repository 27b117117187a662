import { Deferred } from "#base/deferred.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Holder } from "../site/site.ts";
import { SourceFault } from "./in-transit.ts";
import type { Intake } from "./intake.ts";
import { type Portion, portionsOf } from "./portion.ts";
import { Errand, hurry, type Precedence } from "./precedence.ts";
import { type TransferOptions, transfer } from "./transfer.ts";

/** What became of a path that was asked for; `source-lost`: another store may have it. */
export type Brought = "there" | "source-lost";

export interface FeedLineOptions extends TransferOptions {
  /** Told when a store that was to send something could not. */
  readonly onSourceLost: (source: Holder, message: string) => void;
  /** Orders what is sent to builders; absent where nothing is sent ahead of its need. */
  readonly precedence?: Precedence;
  /** Nobody waits for what it brings, so it goes when nothing else does. */
  readonly isAhead: boolean;
}

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
  readonly #intake: Intake;
  readonly #options: FeedLineOptions;
  #waiting: Order[] = [];
  #isSending = false;
  /** The large portions, one after the other. */
  #bulk: Promise<void> = Promise.resolve();

  constructor(source: Holder, intake: Intake, options: FeedLineOptions) {
    this.#source = source;
    this.#intake = intake;
    this.#options = options;
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
    const { precedence, isAhead } = this.#options;
    const errand = isAhead && precedence ? new Errand(precedence) : undefined;
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
    const roots = orders.map(({ path }) => path);
    const closure = await this.#ask(() => this.#source.store.queryClosure(roots));
    const unsure = closure.map(({ path }) => path).filter((path) => !this.#intake.has(path));
    const before = new Map(
      unsure.flatMap((path) => {
        const moving = this.#intake.movingOf(path);
        return moving ? [[path, moving]] : [];
      }),
    );
    const ours = unsure.filter((path) => !before.has(path));
    const own = this.#intake.begin(ours, errand);
    try {
      const valid = await this.#intake.validOf(ours);
      this.#intake.take(ours.filter((path) => valid.has(path)));
      const missing = this.#intake.acceptable(
        closure.filter(({ path }) => own.has(path) && !valid.has(path)),
      );
      return portionsOf(roots, { closure, missing, before, own });
    } catch (error) {
      this.#intake.fail(ours, error);
      throw error;
    }
  }

  /** Sends a portion, and settles the orders that it completes. */
  async #ship({ roots, infos, first }: Portion, { orders, errand }: Shipping): Promise<void> {
    const mine = orders.filter(({ path }) => roots.has(path));
    const paths = infos.map(({ path }) => path);
    try {
      if (errand) errand.follow(first);
      else hurry(first);
      // A path is only taken after what it refers to, and that may be in another stream.
      await Promise.all(first.map(({ promise }) => promise));
      if (infos.length > 0) await this.#send(infos, errand);
      this.#intake.take(paths);
      for (const { brought } of mine) brought.resolve("there");
    } catch (error) {
      this.#intake.fail(paths, error);
      for (const { brought } of mine) this.#settle(brought, error);
    }
  }

  async #send(infos: readonly PathInfo[], errand: Errand | undefined): Promise<void> {
    const consignment = { from: this.#source, to: this.#intake.target, infos };
    if (errand) return await transfer(consignment, { ...this.#options, errand });
    using _ = this.#options.precedence?.enter();
    await transfer(consignment, this.#options);
  }

  /** A builder that could not send is lost; what another store has may come from there. */
  #settle(brought: Deferred<Brought>, error: unknown): void {
    if (!(error instanceof SourceFault)) brought.reject(error);
    else if (!error.source.peer) brought.reject(error.cause);
    else {
      this.#options.onSourceLost(error.source, error.message);
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
