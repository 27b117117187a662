import { once } from "node:events";
import { Command } from "commander";
import { watchRun } from "#build/journal/run-door.ts";
import { findRun } from "#build/journal/run-list.ts";
import type { CommandContext } from "../command-context.ts";

/** `elsewhere stop`: Ctrl-C for a run that is somewhere else. */
export function command(context: CommandContext): Command {
  return new Command("stop")
    .description(
      "Stop a build that goes on in another terminal or on its own, as Ctrl-C there would: what runs on builders is stopped " +
        "too. Waits until it has ended.",
    )
    .argument("<run>", "the beginning of its name, as 'elsewhere ps' shows it")
    .option("--now", "do not wait for the builders: leave at once")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere stop k3f9x2
  elsewhere stop k3f --now
Exit code 1: there is no such run, or it has ended.`,
    )
    .action((word: string, flags: { now?: boolean }) => run(context, word, flags));
}

async function run(context: CommandContext, word: string, { now }: { now?: boolean }): Promise<void> {
  const { services, terminal, signal } = context;
  const { head, state } = await findRun(services.stateDir(), word);
  const watching = state === "running" ? await watchRun(head.socket) : undefined;
  if (!watching) {
    terminal.error(`run ${head.id} has ended already\n`);
    return context.exitWith(1);
  }
  watching.stop();
  if (now) watching.stop();
  terminal.error(`stopping ${head.id}…\n`);
  await Promise.race([watching.ended, once(signal, "abort")]);
  watching.leave();
  if (!signal.aborted) terminal.error(`stopped ${head.id}\n`);
}
