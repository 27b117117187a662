import { Command } from "commander";
import { systemClock } from "#base/clock.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { userName } from "../user-name.ts";
import { listedSites } from "./builder-status.ts";
import { chooseSite } from "./choose-site.ts";

/** `elsewhere builders drain`: gives a builder no more work. */
export function drainCommand(context: CommandContext): Command {
  return addSettingFlags(new Command("drain"))
    .description(
      "Give builders no more work, from any run of this user, also not from those that are under way. What runs there ends.",
    )
    .argument("<name...>", "which builders; a part of the name will do")
    .option("--builders <machines>", "instead of the 'builders' setting")
    .action(async (names: string[], _: SettingFlags, command: Command) => {
      const book = await context.services.builderBook();
      for (const site of await chosen(context, names, command.optsWithGlobals())) {
        book.drain(keyOf(site), { sinceMs: systemClock.now(), by: userName() });
        const { name } = site.traits;
        await context.terminal.print(
          `${name} is drained: what runs there ends, and 'elsewhere builders resume ${name}' gives it work again\n`,
        );
      }
    });
}

/** `elsewhere builders resume`: gives it work again. */
export function resumeCommand(context: CommandContext): Command {
  return addSettingFlags(new Command("resume"))
    .description(
      "Give work again to builders that were drained, or that are left alone since they did not answer.",
    )
    .argument("<name...>", "which builders; a part of the name will do")
    .option("--builders <machines>", "instead of the 'builders' setting")
    .action(async (names: string[], _: SettingFlags, command: Command) => {
      const book = await context.services.builderBook();
      for (const site of await chosen(context, names, command.optsWithGlobals())) {
        const { drained } = book.pageOf(keyOf(site));
        book.resume(keyOf(site));
        book.recovered(keyOf(site));
        const { name } = site.traits;
        await context.terminal.print(drained ? `${name} gets work again\n` : `${name} was not drained\n`);
      }
    });
}

async function chosen(
  context: CommandContext,
  names: readonly string[],
  // With those that stand before it, which 'builders' takes too.
  flags: SettingFlags,
): Promise<readonly BuildSite[]> {
  const sites = await listedSites(context, await settingsFor(context, flags));
  return names.map((name) => chooseSite(sites, name));
}
