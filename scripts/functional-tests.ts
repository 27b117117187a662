// Nix's own functional tests with Elsewhere in the server's place, beside real Nix in both places:
//
//   npm run test:functional [-- SUITE… --test NAME… --place remote|daemon|store --jobs N --logs FOLDER --record FILE --markdown FILE]
//
// It needs root on Debian, as scripts/nix-root does, and a mirror with Nix's sources. With a record, a run that was broken
// off goes on where it was. It ends with a table, and with 1 when a test that passes with Nix fails with Elsewhere, unless
// scripts/functional/decided.ts says why it must.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import { NIX_SUITES, type NixSuite } from "#rig/nix-root.ts";
import { chosenTests } from "./functional/chosen.ts";
import { type Comparison, compareTest } from "./functional/compare.ts";
import { PLACES, type Place } from "./functional/place.ts";
import { Record } from "./functional/record.ts";
import { markdownOf, tableOf } from "./functional/report.ts";
import { openTestBed, type TestBed } from "./functional/test-bed.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    test: { type: "string", multiple: true },
    place: { type: "string", multiple: true, default: ["remote", "daemon"] },
    jobs: { type: "string", default: String(availableParallelism()) },
    logs: { type: "string" },
    record: { type: "string" },
    markdown: { type: "string" },
  },
});

const places = values.place.map(asPlace);
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => stop.abort());
for (const suite of positionals.length > 0 ? (positionals as NixSuite[]) : NIX_SUITES) await runSuite(suite);

async function runSuite(suite: NixSuite): Promise<void> {
  let bed: TestBed;
  try {
    bed = await openTestBed(suite, stop.signal);
  } catch (error) {
    console.log(`${suite}: skipped: ${messageOf(error)}`);
    return;
  }
  using _ = bed;
  const comparisons = await compareAll(bed);
  if (stop.signal.aborted) {
    process.exitCode = 130;
    return;
  }
  if (comparisons.length === 0) throw new Error(`${suite} has none of these tests`);
  const title = `Nix ${bed.version}, by the tests of ${bed.testsOf}`;
  console.log(`\n${title}\n\n${tableOf(comparisons)}`);
  if (values.markdown) appendFileSync(values.markdown, `\n## ${title}\n\n${markdownOf(comparisons)}`);
  const faults = comparisons.filter(({ verdict }) => verdict === "fails");
  for (const { name, place } of faults) console.log(`FAILS with Elsewhere only: ${name} (${place})`);
  if (faults.length > 0) process.exitCode = 1;
}

async function compareAll(bed: TestBed): Promise<Comparison[]> {
  const wanted = places.flatMap((place) =>
    chosenTests(bed.tree.source, place)
      .filter((name) => values.test?.includes(name) ?? true)
      .map((name) => ({ name, place })),
  );
  const record = new Record(bed.suite, values.record);
  const waiting = wanted.values();
  const done: Comparison[] = [];
  const work = async () => {
    for (const next of waiting) {
      const known = record.find(next);
      const comparison = known ?? (await compareTest(bed, next));
      if (stop.signal.aborted) return;
      done.push(comparison);
      if (known) continue;
      record.keep(comparison);
      console.error(`${bed.suite} ${next.place} ${next.name}: ${comparison.verdict}`);
      keepLogs(bed, comparison);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, work));
  return done.toSorted((a, b) => compareText(a.name, b.name) || compareText(a.place, b.place));
}

function asPlace(text: string): Place {
  const place = PLACES.find((known) => known === text);
  if (place === undefined) throw new Error(`--place ${text}: want one of ${PLACES.join(", ")}`);
  return place;
}

function keepLogs({ suite }: TestBed, { name, place, nix, elsewhere }: Comparison): void {
  if (values.logs === undefined) return;
  mkdirSync(values.logs, { recursive: true });
  const file = join(values.logs, `${suite}-${place}-${name.replaceAll("/", "-")}`);
  writeFileSync(`${file}.nix`, nix.log);
  if (elsewhere) writeFileSync(`${file}.elsewhere`, elsewhere.log);
}
