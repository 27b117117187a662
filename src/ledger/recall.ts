import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import type { Estimates } from "#schedule/estimate.ts";
import type { Ledger } from "./ledger.ts";
import { measureSpeeds } from "./measured-speed.ts";
import { recordedEstimates, type SpeedOf } from "./recorded-estimates.ts";

export interface RatedBuilders {
  readonly sites: readonly BuildSite[];
  readonly book: BuilderBook;
  readonly nowMs: number;
}

/** Rates the builders by what they built lately, writes that into the book, and says what builds of `names` will take. */
export async function recall(
  ledger: Ledger,
  names: Iterable<string>,
  builders: RatedBuilders,
): Promise<Estimates> {
  return await recordedEstimates(ledger, names, await rate(ledger, builders));
}

/** Rates the builders by what they built lately, and writes that into the book. */
export async function rate(ledger: Ledger, { sites, book, nowMs }: RatedBuilders): Promise<SpeedOf> {
  const declared = new Map(sites.map(({ traits }) => [traits.name, traits.speedFactor]));
  const samples = await ledger.recent({ sinceMs: nowMs - RATED_DAYS * DAY_MS, limit: SAMPLES_MAX });
  const speeds = measureSpeeds(samples, declared);
  for (const site of sites) {
    const speed = speeds.get(site.traits.name);
    if (speed) book.noteSpeed(keyOf(site), { ...speed, atMs: nowMs });
  }
  return (builder) => speeds.get(builder)?.factor ?? declared.get(builder) ?? 1;
}

/** What is older says nothing of a builder as it is now. */
const RATED_DAYS = 30;
const SAMPLES_MAX = 5000;
const DAY_MS = 24 * 60 * 60 * 1000;
