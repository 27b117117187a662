import { SetupJournal } from "#setup/journal.ts";
import { planUndo, undo } from "#setup/undo.ts";
import { askYesNo } from "../ask.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT, UsageError } from "../error-report.ts";
import { styleFor } from "../style.ts";
import { formatTable } from "../table.ts";
import type { CarryOutFlags } from "./carry-out.ts";
import { describeUndoing } from "./describe.ts";

/** Takes one set-up back, the last one when none is named. */
export async function undoSetup(
  context: CommandContext,
  id: number | undefined,
  flags: CarryOutFlags,
): Promise<void> {
  const { terminal, services, signal } = context;
  const host = await services.setupHost();
  const journal = new SetupJournal(services.stateDir(), host);
  const last = journal.entries().findLast(({ undone }) => !undone);
  const entry = id === undefined ? last : journal.entry(id);
  if (!entry)
    throw new UsageError(
      "Cannot undo: nothing was set up from here",
      "'elsewhere setup list' shows what was",
    );
  if (entry.undone) throw new UsageError(`Cannot undo set-up ${entry.id}: it was taken back already`);
  const style = styleFor(terminal.colours.error);
  const { changes, obstacles } = planUndo(host, entry);
  terminal.error(`${style.bold(`undo ${entry.id}: ${entry.title}`)}\n`);
  if (changes.length > 0) terminal.error(`${describeUndoing(changes, style)}\n`);
  for (const obstacle of obstacles) terminal.error(`${style.warn("note:")} ${obstacle}\n`);
  if (flags.dryRun) return;
  if (!flags.yes && !(await askYesNo(style.bold("Take this back?"), signal))) {
    terminal.error("nothing was done: --yes does it without asking\n");
    context.exitWith(EXIT.failure);
    return;
  }
  for (const change of changes) await undo(host, change);
  journal.close(entry);
  terminal.error(`${style.good("done")}\n`);
  if (obstacles.length > 0) context.exitWith(EXIT.failure);
}

/** What was set up from here, and what of it stands. */
export async function listSetups(
  { services, terminal }: CommandContext,
  { json }: { json?: boolean },
): Promise<void> {
  const entries = new SetupJournal(services.stateDir(), await services.setupHost()).entries();
  if (json) {
    const shown = entries.map(({ id, atMs, title, undone }) => ({ id, atMs, title, undone }));
    return await terminal.print(`${JSON.stringify(shown)}\n`);
  }
  const rows = entries.map(({ id, atMs, title, undone }) => [
    String(id),
    new Date(atMs).toISOString().slice(0, 16).replace("T", " "),
    undone ? "taken back" : "stands",
    title,
  ]);
  if (rows.length === 0) return terminal.error("nothing was set up from here\n");
  await terminal.print(formatTable(["nr", "when (UTC)", "state", "what"], rows, terminal.outputColumns()));
}
