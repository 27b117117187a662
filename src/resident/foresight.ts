import type { Clock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { rate } from "#ledger/recall.ts";
import { recordedEstimates, type SpeedOf } from "#ledger/recorded-estimates.ts";
import { type Estimates, noEstimates } from "#schedule/estimate.ts";

export interface ForesightOptions {
  readonly openLedger: () => Promise<Ledger>;
  readonly book: BuilderBook;
  readonly clock: Clock;
  /** Told, in a sentence, why nothing is remembered. The builds go on. */
  readonly report: (text: string) => void;
}

/** What builds will take by the record, for a process that is asked often: builders are rated anew now and then only. */
export class Foresight implements AsyncDisposable {
  readonly #options: ForesightOptions;
  readonly #rated = new Map<string, { readonly speedOf: Promise<SpeedOf>; readonly untilMs: number }>();
  #ledger: Promise<Ledger> | undefined;
  #isReported = false;

  constructor(options: ForesightOptions) {
    this.#options = options;
  }

  /** What is not remembered is only not known. */
  async estimatesOf(names: Iterable<string>, sites: readonly BuildSite[]): Promise<Estimates> {
    try {
      this.#ledger ??= this.#options.openLedger();
      const ledger = await this.#ledger;
      return await recordedEstimates(ledger, names, await this.#speedsOf(ledger, sites));
    } catch (error) {
      this.#tellOnce(error);
      return noEstimates;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ledger = await this.#ledger?.catch(() => undefined);
    await ledger?.[Symbol.asyncDispose]();
  }

  #speedsOf(ledger: Ledger, sites: readonly BuildSite[]): Promise<SpeedOf> {
    const { book, clock } = this.#options;
    const nowMs = clock.now();
    const key = JSON.stringify(sites.map(({ traits }) => [traits.name, traits.speedFactor]));
    const known = this.#rated.get(key);
    if (known && nowMs < known.untilMs) return known.speedOf;
    for (const [other, { untilMs }] of this.#rated) if (untilMs <= nowMs) this.#rated.delete(other);
    const speedOf = rate(ledger, { sites, book, nowMs });
    this.#rated.set(key, { speedOf, untilMs: nowMs + RATING_MS });
    return speedOf;
  }

  #tellOnce(error: unknown): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#options.report(`what builds take is not remembered: ${messageOf(error)}`);
  }
}

/** A builder does not become another one faster than that. */
const RATING_MS = 60_000;
