import { Command, Option } from "commander";
import { systemClock } from "#base/clock.ts";
import type { BuildFilter } from "#ledger/ledger.ts";
import { BUILD_ENDS, type BuildEnd } from "#ledger/record.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { historyJson } from "../history/history-json.ts";
import { historyTable } from "../history/history-table.ts";
import { parseMoment } from "../history/moment.ts";
import { pastBuilds } from "../history/past-build.ts";
import { wholeNumber } from "../option-values.ts";

/** `elsewhere history`: what was built, where, when and why there. */
export function command(context: CommandContext): Command {
  return new Command("history")
    .description(
      "Show what this user had built, the newest first: build number, derivation, how it ended, where, how long it took, " +
        "and on this machine also why no builder had it. It is kept in the state folder.",
    )
    .argument(
      "[name]",
      "only builds whose name has this in it; '*' and '?' stand for any text and any character",
    )
    .option("--builder <name>", "only what was tried on this builder, or 'here'")
    .option("--system <system>", "only what was built for this system")
    .addOption(
      new Option(
        "--status <status>",
        `only what ended so, one of ${STATUSES.join(", ")}; may be repeated`,
      ).argParser(status),
    )
    .option("--since <time>", "only what was asked for after: 2026-11-25, '2026-11-25 18:00', 2h, 3d")
    .option("--until <time>", "only what was asked for before")
    .option("-n, --limit <number>", "at most so many", wholeNumber, LIMIT_DEFAULT)
    .option("--json", "as JSON, with every attempt")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere history                         the last builds
  elsewhere history 'python3*' --since 2d
  elsewhere history --builder mac --status failed
  elsewhere history --builder here          what was built on this machine, and why
  elsewhere history --json -n 1000

A number of the first column is taken by 'elsewhere log' and by 'elsewhere explain --build'.`,
    )
    .action((name: string | undefined, flags: Flags) => run(context, name, flags));
}

/** One of the ends that the ledger knows; any number of them. */
function status(text: string, before: readonly BuildStatusWord[] = []): readonly BuildStatusWord[] {
  const known = STATUSES.find((word) => word === text);
  if (known === undefined)
    throw new UsageError(`Cannot use --status '${text}'`, `it is one of ${STATUSES.join(", ")}`);
  return [...before, known];
}

interface Flags {
  readonly builder?: string;
  readonly system?: string;
  readonly status?: readonly BuildStatusWord[];
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly json?: boolean;
}

async function run(
  { services, terminal }: CommandContext,
  pattern: string | undefined,
  flags: Flags,
): Promise<void> {
  await using ledger = await services.ledger();
  const nowMs = systemClock.now();
  const filter: BuildFilter = {
    pattern,
    builder: flags.builder,
    system: flags.system,
    // Of what was never begun there are many, and nobody asks.
    ends: flags.status ?? STATUSES.filter((end) => end !== "cancelled"),
    sinceMs: flags.since === undefined ? undefined : parseMoment(flags.since, nowMs),
    untilMs: flags.until === undefined ? undefined : parseMoment(flags.until, nowMs),
    limit: flags.limit,
  };
  const builds = await pastBuilds(ledger, filter);
  if (flags.json) {
    const all = builds.map((build) => historyJson(build, DEFAULT_STORE_DIR));
    return await terminal.print(`${JSON.stringify(all)}\n`);
  }
  if (builds.length === 0) return terminal.error("nothing of that kind was built\n");
  await terminal.print(historyTable(builds, { nowMs, columns: terminal.outputColumns() }));
}

type BuildStatusWord = BuildEnd | "running";
const STATUSES: readonly BuildStatusWord[] = [...BUILD_ENDS, "running"];
const LIMIT_DEFAULT = 30;
