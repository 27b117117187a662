import { Command } from "commander";
import { systemClock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { CommandContext } from "../command-context.ts";
import { provenanceOf } from "../history/provenance.ts";
import { provenanceJson, provenanceLines } from "../history/provenance-words.ts";
import { storePathOf } from "../path-arguments.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere why`: how a path came to be. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("why"))
    .description(
      "Say how a store path came to be: by whom it was built, or from which cache it was taken and whose signature it has, " +
        "and over which machines it came here. From the record of this user, and from what the store itself knows.",
    )
    .argument("<path...>", "store paths, or links to them")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere why ./result
  elsewhere why /nix/store/…-hello-2.12 --json
Exit code 1: nothing is known of one of them.`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly json?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  await using store = await services.openStore(storeUri(flags.store), await settingsFor(context, flags));
  await using ledger = await services.ledger();
  const found = [];
  for (const word of words) found.push(await provenanceOf(storePathOf(word, store), { store, ledger }));
  const unknown = found.find(({ info, steps }) => !info && steps.length === 0);
  if (flags.json) {
    const all = found.map((one) => provenanceJson(one, store.storeDir));
    await terminal.print(`${JSON.stringify(all)}\n`);
  } else {
    const nowMs = systemClock.now();
    const texts = found
      .filter(({ info, steps }) => info || steps.length > 0)
      .map((one) => provenanceLines(one, { nowMs, storeDir: store.storeDir }).join("\n"));
    if (texts.length > 0) await terminal.print(`${texts.join("\n\n")}\n`);
  }
  if (unknown)
    throw new ElsewhereError(
      "PATH_UNKNOWN",
      `Cannot say how '${printStorePath(store.storeDir, unknown.path)}' came to be: it is not in ${store.uri}, and no record names it`,
      { hint: "name another store with --store; each user has a record of their own" },
    );
}
