import { Command } from "commander";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere store`: whether a store answers, and what it is. */
export function command(context: CommandContext): Command {
  const info = addSettingFlags(new Command("info"))
    .aliases(["ping"])
    .description("Connect to a store and say what it is: protocol, version, whether it trusts you.")
    .option("--json", "as JSON")
    .action((flags: Flags) => show(context, flags));
  return new Command("store")
    .description("Ask a store whether it answers and what it is.")
    .addCommand(info)
    .addHelpText(
      "after",
      `
Examples:
  elsewhere store info --store ssh-ng://box
  elsewhere store ping --store daemon --json`,
    );
}

interface Flags extends SettingFlags {
  readonly json?: boolean;
}

/** What a store behind a protocol says of itself; those on disk say nothing. */
interface Facts {
  readonly protocol?: string | undefined;
  readonly nixVersion?: string | undefined;
  readonly trusted?: boolean | undefined;
}

async function show(context: CommandContext, flags: Flags): Promise<void> {
  const { services, terminal } = context;
  await using store = await services.openStore(storeUri(flags.store), await settingsFor(context, flags));
  const facts = await factsOf(store);
  if (flags.json) {
    const { nixVersion: version, trusted, protocol } = facts;
    return await terminal.print(`${JSON.stringify({ url: store.uri, version, protocol, trusted })}\n`);
  }
  await terminal.print(`Store URL: ${store.uri}\n`);
  await terminal.print(`Store directory: ${store.storeDir}\n`);
  if (facts.nixVersion) await terminal.print(`Version: ${facts.nixVersion}\n`);
  if (facts.protocol) await terminal.print(`Protocol: ${facts.protocol}\n`);
  const trusted = facts.trusted === undefined ? "not said" : facts.trusted ? "yes" : "no";
  await terminal.print(`Trusted: ${trusted}\n`);
}

async function factsOf(store: Store): Promise<Facts> {
  if ("ping" in store) return await (store as Store & { ping(): Promise<Facts> }).ping();
  await store.queryValidPaths([]);
  return { trusted: true };
}
