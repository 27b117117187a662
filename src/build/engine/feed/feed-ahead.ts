import type { StorePath } from "#nix/store-path.ts";
import type { Holder } from "../site/site.ts";
import type { Feeder } from "./feeder.ts";
import type { Intake } from "./intake.ts";

/**
 * Sends what a build will need, with its closure, in as far as some store has it and while nothing else is sent. How many bytes
 * that were; undefined when it would have been more than `bytesMax`, and nothing was sent.
 */
export async function feedAhead(
  feeder: Feeder,
  paths: readonly StorePath[],
  bytesMax: number,
): Promise<number | undefined> {
  const bySource = new Map<Holder, StorePath[]>();
  for (const path of paths) {
    const source = feeder.lacks(path) ? feeder.sourceOf(path) : undefined;
    if (source) bySource.set(source, [...(bySource.get(source) ?? []), path]);
  }
  const parts = [...bySource];
  const missing = await Promise.all(parts.map(([source, roots]) => missingOf(feeder.intake, source, roots)));
  // What lies in several closures is sent once.
  const bytes = sum(new Map(missing.flatMap((part) => [...part])).values());
  if (bytes > bytesMax) return undefined;
  const sending = parts.flatMap(([source, roots]) => roots.map((path) => feeder.bringAhead(path, source)));
  await Promise.all(sending);
  return bytes;
}

/** Bytes by path of what of a closure is neither there nor on its way. */
async function missingOf(
  intake: Intake,
  source: Holder,
  roots: readonly StorePath[],
): Promise<Map<StorePath, number>> {
  const closure = await source.store.queryClosure(roots);
  const unsure = closure.filter(({ path }) => !intake.has(path) && !intake.movingOf(path));
  const valid = await intake.validOf(unsure.map(({ path }) => path));
  return new Map(unsure.flatMap(({ path, narSize }) => (valid.has(path) ? [] : [[path, narSize] as const])));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
