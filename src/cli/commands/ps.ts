import { Command } from "commander";
import type { RunHead } from "#build/journal/run-folder.ts";
import { listRuns, type SeenRun } from "#build/journal/run-list.ts";
import type { CommandContext } from "../command-context.ts";
import { builderLabels } from "../progress/builder-labels.ts";
import { count, formatElapsed, shortName } from "../progress/words.ts";
import { watchRuns } from "../ps/watch-runs.ts";
import { formatTable } from "../table.ts";

/** `elsewhere ps`: what runs now. */
export function command(context: CommandContext): Command {
  return new Command("ps")
    .description(
      "List the builds that go on on this machine, in whichever terminal, on their own, or for a Nix that gave them away by " +
        "its build hook or to 'elsewhere daemon': what was asked for, how far it is, where it runs, " +
        "since when. One that ended without a word, killed say, is listed for a day.",
    )
    .option("-a, --all", "those that have ended too")
    .option("-w, --watch", "go on showing them as they change, until Ctrl-C")
    .option("--json", "as JSON; with --watch one line for each change")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere ps
  elsewhere ps --watch
  elsewhere ps --json | jq -r '.[].running[] | .drvPath + " on " + .builder'`,
    )
    .action((flags: Flags) => run(context, flags));
}

interface Flags {
  readonly all?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

async function run(context: CommandContext, flags: Flags): Promise<void> {
  const { services, terminal, signal } = context;
  const list = async () => chosen(await listRuns(services.stateDir()), flags);
  const shown = (runs: readonly SeenRun[]) =>
    flags.json ? `${JSON.stringify(runs.map(toJson))}\n` : tableOf(runs, terminal.outputColumns());
  if (flags.watch) return await watchRuns({ stateDir: services.stateDir(), terminal, signal, list, shown });
  await terminal.print(shown(await list()));
}

function chosen(runs: readonly SeenRun[], { all }: Flags): readonly SeenRun[] {
  const sinceMs = Date.now() - GONE_SHOWN_MS;
  return runs.filter(
    ({ state, head }) => all || state === "running" || (state === "gone" && head.startedMs > sinceMs),
  );
}

function tableOf(runs: readonly SeenRun[], columns: number | undefined): string {
  if (runs.length === 0) return "nothing runs\n";
  const rows = runs.map((run) => [
    run.head.id,
    whatOf(run.head),
    stateOf(run),
    whereOf(run),
    formatElapsed((run.end?.endedMs ?? Date.now()) - run.head.startedMs),
  ]);
  return formatTable(["run", "what", "state", "where", "time"], rows, columns);
}

function stateOf({ state, status, end, head }: SeenRun): string {
  if (state === "gone") return "ended abnormally";
  if (end && end.exitCode >= SIGNALLED) return "stopped";
  if (end) return end.exitCode === 0 ? "done" : `failed (${end.exitCode})`;
  const failed = status && status.failed > 0 ? `, ${status.failed} failed` : "";
  const far =
    status && status.planned > 0
      ? `${status.ended} of ${status.planned} done${failed}`
      : (status?.fetching ?? 0) > 0
        ? "fetching"
        : "planning";
  return head.isDetached ? `${far}, detached` : far;
}

/** Of what Nix asked for, by which way it came. */
function whatOf({ what, command }: RunHead): string {
  const names = what.map(nameIn).join(" ");
  return command === "build" ? names : `${names} (${command})`;
}

/** `anna: linux-6.1, 3 more; bert: hello (sending); fetching 2 paths`. */
function whereOf({ status }: SeenRun): string {
  const running = (status?.running ?? []).filter(({ stage }) => stage !== "queued");
  const byBuilder = Map.groupBy(running, ({ builder }) => builder);
  const labelOf = builderLabels(byBuilder.keys());
  const parts = Array.from(byBuilder, ([builder, attempts]) => {
    const first = attempts.find(({ stage }) => stage === "building") ?? attempts[0]!;
    const how = first.stage === "building" ? "" : ` (${first.stage})`;
    const more = attempts.length > 1 ? `, ${attempts.length - 1} more` : "";
    return `${labelOf(builder)}: ${shortName(first.drvPath)}${how}${more}`;
  });
  const { fetching = 0 } = status ?? {};
  if (fetching > 0) parts.push(`fetching ${count(fetching, "path")}`);
  return parts.join("; ") || "-";
}

function toJson({ head, state, status, end }: SeenRun): object {
  const { socket: _, ...said } = head;
  return { ...said, state, ...status, ...end };
}

/** Of a word that is a path in a store, or the file of a derivation, its name. */
function nameIn(word: string): string {
  return word.replace(/^.*\/[0-9a-z]{32}-/, "").replace(/\.drv(?=$|\^)/, "");
}

/** Exit codes from here on are for signals. */
const SIGNALLED = 128;
const GONE_SHOWN_MS = 24 * 3600 * 1000;
