import { formatBytes } from "#base/format-bytes.ts";
import type { BuildOutcome, Origin } from "#build/events.ts";
import { failureReason } from "#build/failure-reason.ts";
import { reasonsOf } from "#ledger/placement-words.ts";
import type { Placement } from "#ledger/record.ts";
import type { StorePath } from "#nix/store-path.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import type { Progress } from "./progress.ts";
import type { ViewFlags } from "./run-view.ts";
import { count, formatDuration, shortName, some, tame } from "./words.ts";

export interface SummaryOptions {
  /** Width of the terminal; absent where nothing is to be cut. */
  readonly columns?: number | undefined;
  /** Every derivation and every path, however many. */
  readonly all?: boolean;
  /** What the ledger calls each build: `elsewhere log 123`. */
  readonly numbers?: ReadonlyMap<StorePath, number>;
  /** Why builds ran on this machine. */
  readonly builtHere?: ReadonlyMap<StorePath, Placement>;
}

/** Tells what became of a run, after it; not to programs, and not quietly. */
export function printSummary(
  terminal: Terminal,
  progress: Progress,
  flags: ViewFlags & Pick<SummaryOptions, "numbers" | "builtHere">,
): void {
  const { quiet, logFormat, verbose = 0, ...known } = flags;
  if (quiet || logFormat === "internal-json") return;
  const columns = terminal.live ? terminal.columns() : undefined;
  terminal.error(summaryOf(progress, { columns, all: verbose > 0, ...known }));
}

/** What was built where, and where each path that was asked for came from. */
export function summaryOf(progress: Progress, options: SummaryOptions): string {
  const parts = [
    buildTable(progress, options),
    builderTable(progress, options),
    fetchLines(progress),
    originTable(progress, options),
    builtHereLines(options),
    failureLines(progress, options),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** Of many builds only those that failed and those that took longest. */
function buildTable({ ended }: Progress, { columns, all, numbers }: SummaryOptions): string {
  const isFew = all || ended.size <= ROWS_MAX;
  const slowest = isFew ? Number.NEGATIVE_INFINITY : slowestMs([...ended.values()]);
  const listed = [...ended].filter(
    ([, outcome]) => outcome.kind !== "realised" || outcome.durationMs >= slowest,
  );
  if (listed.length === 0) return "";
  const shown = isFew ? listed : listed.slice(0, ROWS_MAX);
  const isNumbered = numbers !== undefined && numbers.size > 0;
  const rows = shown.map(([drvPath, outcome]) => [
    shortName(drvPath),
    ...(isNumbered ? [String(numbers.get(drvPath) ?? "")] : []),
    ...describeOutcome(outcome),
  ]);
  const head = ["derivation", ...(isNumbered ? ["build"] : []), "outcome", "where", "time"];
  const table = formatTable(head, rows, columns);
  const left = ended.size - shown.length;
  return left > 0 ? `${table}… and ${count(left, "derivation")} more; all with -v\n` : table;
}

/** What a build must have taken, in milliseconds, to be one of the slowest. */
function slowestMs(outcomes: readonly BuildOutcome[]): number {
  const times = outcomes.flatMap((outcome) => (outcome.kind === "realised" ? outcome.durationMs : []));
  return times.sort((a, b) => b - a)[SLOWEST_LISTED - 1] ?? 0;
}

/** What failed, once more where it was said long before the end. */
function failureLines({ ended, tails }: Progress, { numbers }: SummaryOptions): string {
  if (ended.size < ENDED_TO_REPEAT) return "";
  const failed = [...ended].flatMap(([drvPath, outcome]) =>
    outcome.kind === "failed" ? [{ drvPath, outcome }] : [],
  );
  const shown = failed.slice(0, FAILURES_REPEATED).flatMap(({ drvPath, outcome }) => {
    const name = shortName(drvPath);
    const tail = tails.of(drvPath).slice(-LINES_REPEATED);
    return [
      `failed: ${name} on ${outcome.builder}: ${failureReason(outcome.message)}`,
      ...tail.map((line) => `  > ${tame(line, { colours: false })}`),
      ...(tail.length > 0 ? [`  all of it: elsewhere log ${numbers?.get(drvPath) ?? name}`] : []),
    ];
  });
  const left = failed.length - FAILURES_REPEATED;
  if (left > 0) shown.push(`and ${count(left, "failure")} more`);
  return shown.map((line) => `${line}\n`).join("");
}

function builderTable({ ended, copied }: Progress, { columns }: SummaryOptions): string {
  const builders = new Map<string, { built: number; substituted: number; failed: number; ms: number }>();
  for (const outcome of ended.values()) {
    if (outcome.kind !== "realised" && outcome.kind !== "failed") continue;
    const sum = builders.get(outcome.builder) ?? { built: 0, substituted: 0, failed: 0, ms: 0 };
    if (outcome.kind === "failed") sum.failed++;
    else if (outcome.how === "built") sum.built++;
    else sum.substituted++;
    if (outcome.kind === "realised") sum.ms += outcome.durationMs;
    builders.set(outcome.builder, sum);
  }
  if (builders.size === 0) return "";
  const rows = [...builders].map(([name, { built, substituted, failed, ms }]) => {
    const received = copied.get(name);
    return [
      name,
      String(built),
      String(substituted),
      String(failed),
      formatDuration(ms),
      received ? `${count(received.paths, "path")}, ${formatBytes(received.bytes)}` : "-",
    ];
  });
  return formatTable(["builder", "built", "found", "failed", "build time", "sent there"], rows, columns);
}

function originTable({ origins, lies }: Progress, { columns, all }: SummaryOptions): string {
  if (origins.size === 0) return "";
  if (!all && origins.size > ROWS_MAX) return `${sumOfOrigins([...origins.values()])}\n`;
  const rows = [...origins].map(([path, origin]) => [shortName(path), describeOrigin(origin)]);
  if (lies.size === 0) return formatTable(["asked for", "came from"], rows, columns);
  const places = [...origins.keys()].map((path) => lies.get(path) ?? "here");
  const placed = rows.map((row, index) => [...row, places[index]!]);
  return formatTable(["asked for", "came from", "lies on"], placed, columns);
}

/** What was taken from binary caches, and what one of them did not give whole. */
function fetchLines({ fetched }: Progress): string {
  const lines = Array.from(fetched, ([cache, { paths, bytes, failed }]) => {
    const fault = failed > 0 ? `; ${count(failed, "path")} did not come whole` : "";
    return `fetched ${count(paths, "path")} (${formatBytes(bytes)}) from ${cache}${fault}\n`;
  });
  return lines.join("");
}

/** No build runs on this machine unseen where others could have had it. */
function builtHereLines({ builtHere = new Map(), all }: SummaryOptions): string {
  const reasons = Array.from(builtHere, ([drvPath, placement]) => ({ drvPath, why: reasonsOf(placement) }));
  const passedOver = reasons.filter(({ why }) => why.size > 0);
  if (passedOver.length === 0) return "";
  const groups = Map.groupBy(passedOver, ({ why }) =>
    Array.from(why, ([builder, reason]) => `    ${builder}: ${reason}`).join("\n"),
  );
  const parts = [...groups].flatMap(([reasons, builds]) => {
    const names = builds.map(({ drvPath }) => shortName(drvPath));
    return [`  ${all ? names.join(", ") : some(names)}`, reasons];
  });
  return `built on this machine, and why on no builder:\n${parts.join("\n")}\n`;
}

/** `100 paths: 98 built on ssh://a, 2 already there`. */
function sumOfOrigins(origins: readonly Origin[]): string {
  const sums = new Map<string, number>();
  for (const origin of origins) {
    const words = describeOrigin(origin);
    sums.set(words, (sums.get(words) ?? 0) + 1);
  }
  const parts = [...sums].map(([words, number]) => `${number} ${words}`);
  return `${count(origins.length, "path")} asked for: ${parts.join(", ")}; each with -v`;
}

export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "already-there":
      return `already there`;
    case "built":
      return `built on ${origin.builder}`;
    case "substituted":
      return `${origin.from ? `substituted from ${origin.from}` : `substituted by ${origin.builder}`}${signers(origin)}`;
    case "copied":
      return `copied from ${origin.from}`;
  }
}

function signers({ signedBy = [] }: Extract<Origin, { kind: "substituted" }>): string {
  return signedBy.length > 0 ? `, signed by ${signedBy.join(" and ")}` : "";
}

function describeOutcome(outcome: BuildOutcome): readonly string[] {
  switch (outcome.kind) {
    case "realised":
      return [
        outcome.how === "already-there" ? "found" : outcome.how,
        outcome.builder,
        formatDuration(outcome.durationMs),
      ];
    case "failed":
      return ["FAILED", outcome.builder, ""];
    case "dependency-failed":
      return ["not begun", `needs ${shortName(outcome.because)}`, ""];
    case "given-up":
      return ["NOT BUILT", "no machine", ""];
    case "cancelled":
      return ["not begun", "", ""];
  }
}

/** As many as a person reads at a glance. */
const ROWS_MAX = 46;
const SLOWEST_LISTED = 10;
/** Builds after which what one of them said may have gone from sight. */
const ENDED_TO_REPEAT = 5;
const FAILURES_REPEATED = 5;
const LINES_REPEATED = 5;
