import { median } from "#base/median.ts";
import { type Estimate, type Estimates, nameWithoutVersion } from "#schedule/estimate.ts";
import type { BuildSample, Ledger } from "./ledger.ts";

/** How fast a builder was found to be, against one of speed 1; for one that is not known, 1. */
export type SpeedOf = (builder: string) => number;

/** What builds of these names took before, by system: the median of the last few, at the speed of each builder. */
export async function recordedEstimates(
  ledger: Ledger,
  names: Iterable<string>,
  speedOf: SpeedOf,
): Promise<Estimates> {
  const wanted = new Set(Array.from(names, nameWithoutVersion));
  const samples = await ledger.samples([...wanted], SAMPLES_EACH);
  const groups = Map.groupBy(samples, ({ name, system }) => keyOf(name, system));
  const estimates = new Map(Array.from(groups, ([key, group]) => [key, estimateFrom(group, speedOf)]));
  return { estimateOf: (name, system) => estimates.get(keyOf(name, system)) };
}

/** Durations by the median, so that one bad day does not count; what may not run out by the largest. */
function estimateFrom(samples: readonly BuildSample[], speedOf: SpeedOf): Omit<Estimate, "basis"> {
  const largest = (values: readonly (number | undefined)[]) =>
    values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  return {
    durationMs: median(samples.map(({ durationMs, builder }) => durationMs * speedOf(builder))),
    memoryBytes: largest(samples.map(({ memoryPeakBytes }) => memoryPeakBytes)),
    outputBytes: median(samples.flatMap(({ outputBytes }) => outputBytes ?? [])),
  };
}

function keyOf(name: string, system: string): string {
  return `${system} ${name}`;
}

/** As many of a name as say what the next one will be like. */
const SAMPLES_EACH = 7;
