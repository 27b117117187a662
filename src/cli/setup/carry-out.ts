import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { apply } from "#setup/apply.ts";
import type { SetupPlan } from "#setup/change.ts";
import { SetupJournal } from "#setup/journal.ts";
import { askYesNo } from "../ask.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT } from "../error-report.ts";
import { styleFor } from "../style.ts";
import { describeChanges } from "./describe.ts";

export interface CarryOutFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Shows a plan, asks, and does it; false when it was only shown. What fails midway is said with how to take it back. */
export async function carryOut(
  context: CommandContext,
  plan: SetupPlan,
  flags: CarryOutFlags,
): Promise<boolean> {
  const { terminal, services, signal } = context;
  const style = styleFor(terminal.colours.error);
  if (plan.changes.length === 0) {
    terminal.error("nothing to change: it is set up like that already\n");
    sayNotes(context, plan);
    return true;
  }
  terminal.error(`${describeChanges(plan.changes, style)}\n`);
  if (flags.dryRun) return false;
  const agreed = flags.yes || (await askYesNo(`${style.bold("Do this?")}`, signal));
  if (!agreed) {
    terminal.error(
      agreed === undefined ? "nothing was done: --yes does it without asking\n" : "nothing was done\n",
    );
    context.exitWith(EXIT.failure);
    return false;
  }
  const host = await services.setupHost();
  const journal = new SetupJournal(services.stateDir(), host);
  let entry = journal.begin(plan.title, systemClock.now());
  for (const change of plan.changes) {
    entry = journal.add(entry, change);
    try {
      await apply(host, change);
    } catch (error) {
      terminal.error(`${style.bad("error:")} ${messageOf(error)}\n`);
      terminal.error(`what was done until then is taken back by: elsewhere setup undo ${entry.id}\n`);
      throw error;
    }
  }
  terminal.error(`${style.good("done")}; taken back by: elsewhere setup undo ${entry.id}\n`);
  sayNotes(context, plan);
  return true;
}

function sayNotes({ terminal }: CommandContext, { notes }: SetupPlan): void {
  const style = styleFor(terminal.colours.error);
  for (const note of notes) terminal.error(`${style.warn("note:")} ${note}\n`);
}
