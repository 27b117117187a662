import { Command } from "commander";
import { systemClock } from "#base/clock.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { builderJson } from "../builders/builder-json.ts";
import { askBuilders, listedSites, statusOf } from "../builders/builder-status.ts";
import { builderTable } from "../builders/builder-table.ts";
import { drainCommand, resumeCommand } from "../builders/drain-commands.ts";
import { probeCommand } from "../builders/probe-command.ts";
import { watchBuilders } from "../builders/watch-builders.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { styleFor } from "../style.ts";

/** `elsewhere builders`: who could build, who answers, and how they are. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("builders"))
    .description(
      "List the builders of the machines file, all asked at once: whether each answers, how many of its slots builds of " +
        "this user take, its speed as declared and as found, memory and disk as its last probe saw them, what it offers, " +
        "what went wrong last, and what runs there.",
    )
    .option("--builders <machines>", "instead of the 'builders' setting")
    .option("--watch", "show them until interrupted, drawn anew when something changes")
    .option("--json", "as JSON")
    .addCommand(drainCommand(context))
    .addCommand(resumeCommand(context))
    .addCommand(probeCommand(context))
    .addHelpText(
      "after",
      `
Examples:
  elsewhere builders
  elsewhere builders --builders 'ssh-ng://me@box x86_64-linux,aarch64-linux - 8 2 kvm,big-parallel'
  elsewhere builders probe box              what it really is
  elsewhere builders drain box              no more work for it, such as before it is shut down

In the list, 'aarch64-linux~' is a system that is emulated there, 'aarch64-linux!' one that the last probe could not build
for, and a feature with '!' one that builds must ask for.
Exit code 1: one of them does not answer.`,
    )
    .action((flags: Flags) => run(context, flags));
}

interface Flags extends SettingFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

async function run(context: CommandContext, flags: Flags): Promise<void> {
  const { services, terminal, signal } = context;
  const columns = terminal.outputColumns();
  if (flags.watch && (flags.json || columns === undefined))
    throw new UsageError("Cannot watch here", "--watch wants a terminal; --json shows the builders once");
  const settings = await settingsFor(context, flags);
  const sites = await listedSites(context, settings);
  if (sites.length === 0 && !flags.json) return terminal.error(noBuilders(settings.settings.builders));
  const book = await services.builderBook();
  await using ledger = await services.ledger();
  await using slots = await services.slots();
  const sources = { book, ledger, slots };
  if (flags.watch) return await watchBuilders(context, sites, sources);
  const answers = await askBuilders(sites, signal);
  if (answers.some(({ reachable }) => !reachable)) context.exitWith(1);
  const builders = await statusOf(sites, answers, sources);
  if (flags.json) {
    const all = builders.map((builder) => builderJson(builder, DEFAULT_STORE_DIR));
    return await terminal.print(`${JSON.stringify(all)}\n`);
  }
  const style = styleFor(terminal.colours.output);
  await terminal.print(builderTable(builders, { nowMs: systemClock.now(), style, columns }));
}

/** Where builders are written down, and how. */
function noBuilders(setting: string): string {
  const file = /^@(\S+)/.exec(setting.trim())?.[1];
  const where = file
    ? `${file} names none`
    : setting.trim() === ""
      ? "the setting 'builders' is empty"
      : `'${setting}' names none`;
  return [
    `there are no builders: ${where}`,
    ` hint: write a line for each into ${file ?? "/etc/nix/machines"}, or name one with --builders, such as`,
    "  ssh-ng://me@box x86_64-linux,aarch64-linux - 8 1 big-parallel,kvm",
    "  (where it is, its systems, the ssh key or -, builds at once, speed, features)",
    "",
  ].join("\n");
}
