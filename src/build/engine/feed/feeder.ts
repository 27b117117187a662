import { Deferred } from "#base/deferred.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Holder } from "../site/site.ts";
import { FeedLine, type FeedLineOptions } from "./feed-line.ts";
import { Intake, type IntakeOptions } from "./intake.ts";

export interface FeederOptions extends IntakeOptions, Omit<FeedLineOptions, "isAhead"> {}

/** Brings closures into one store from wherever they are: from each store by a line of its own. */
export class Feeder {
  readonly intake: Intake;
  readonly #options: FeederOptions;
  /** Paths asked for and not settled. */
  readonly #wanted = new Map<StorePath, Deferred<void>>();
  readonly #lines = new Map<Holder, FeedLine>();
  /** For what nobody waits for yet: what is asked for later does not stand behind it. */
  readonly #linesAhead = new Map<Holder, FeedLine>();

  constructor(target: Holder, options: FeederOptions) {
    this.intake = new Intake(target, options);
    this.#options = options;
  }

  /** Resolves when all of `paths`, with their closures, are in the target. Waits for nothing else. */
  async need(paths: Iterable<StorePath>): Promise<void> {
    await Promise.all(Array.from(paths, (path) => this.#needOne(path)));
  }

  /** Neither there nor asked for. */
  lacks(path: StorePath): boolean {
    return !this.intake.has(path) && !this.#wanted.has(path) && !this.#isKnownThere(path);
  }

  /** A builder that reaches the target is asked before a store whose bytes would go through here. */
  sourceOf(path: StorePath): Holder | undefined {
    const { whereabouts, courier } = this.#options;
    const holders = whereabouts.holdersOf(path);
    return courier.nearest(holders, this.intake.target) ?? holders[0];
  }

  /** Brings a path that nobody waits for yet, while nothing else is sent. */
  async bringAhead(path: StorePath, source: Holder): Promise<void> {
    await this.#line(source, { isAhead: true }).bring(path);
  }

  #needOne(path: StorePath): Promise<void> | undefined {
    if (this.intake.has(path)) return undefined;
    const known = this.#wanted.get(path);
    if (known) return known.promise;
    const wanted = new Deferred<void>();
    this.#wanted.set(path, wanted);
    void this.#fetch(path)
      .then(wanted.resolve, wanted.reject)
      .finally(() => this.#wanted.delete(path));
    return wanted.promise;
  }

  /** From one store after the other, as long as those that were to send it go away. */
  async #fetch(path: StorePath): Promise<void> {
    for (;;) {
      if (this.#isKnownThere(path)) return;
      const source = this.sourceOf(path);
      if (!source)
        throw new ElsewhereError(
          "INPUT_MISSING",
          `Cannot send '${path}' to ${this.intake.target.name}: no store has it`,
        );
      if ((await this.#line(source, { isAhead: false }).bring(path)) === "there") return;
    }
  }

  #isKnownThere(path: StorePath): boolean {
    return this.#options.whereabouts.has(this.intake.target, path);
  }

  #line(source: Holder, { isAhead }: { isAhead: boolean }): FeedLine {
    const lines = isAhead ? this.#linesAhead : this.#lines;
    const line = lines.get(source) ?? new FeedLine(source, this.intake, { ...this.#options, isAhead });
    lines.set(source, line);
    return line;
  }
}
