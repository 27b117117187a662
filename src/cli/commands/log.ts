import { createReadStream, existsSync } from "node:fs";
import { Command } from "commander";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { isDerivationPath, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import { keptLogFile } from "../build/log-keeper.ts";
import type { CommandContext } from "../command-context.ts";
import { storePathOf } from "../path-arguments.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";

/** `elsewhere log`: the log of a build, wherever it ran. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("log"))
    .description(
      "Show the log of a build: as Elsewhere kept it on this machine, else from the store, else from the builders.",
    )
    .argument("<path>", "a derivation, or an output of one")
    .option("--builders <machines>", "whom to ask")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere log /nix/store/…-hello.drv
  elsewhere log ./result`,
    )
    .action((path: string, flags: SettingFlags) => run(context, path, flags));
}

async function run(context: CommandContext, word: string, flags: SettingFlags): Promise<void> {
  const { services, terminal, signal } = context;
  const settings = await settingsFor(context, flags);
  await using store = await services.openStore(flags.store, settings);
  const path = storePathOf(word, store);
  const drvPath = isDerivationPath(path)
    ? path
    : ((await store.queryPathInfos([path])).get(path)?.deriver ?? path);
  const kept = keptLogFile(services.stateDir(), drvPath);
  if (existsSync(kept)) return await show(context, createReadStream(kept));
  const here = await logIn(store, drvPath);
  if (here) return await show(context, here);
  for (const machine of await services.machines(settings)) {
    const site = await services.machineSite(machine, settings);
    try {
      await using connected = await site.connect(signal);
      const found = await logIn(connected.store, drvPath);
      if (found) return await show(context, found);
    } catch (error) {
      terminal.error(`${site.traits.name} cannot be asked: ${(error as Error).message.split("\n")[0]}\n`);
    }
  }
  throw new ElsewhereError("NO_LOG", `Cannot find a log of '${printStorePath(store.storeDir, drvPath)}'`, {
    hint: "a build that says nothing has none; Nix keeps logs on the machine that built, see 'nix log --store'",
  });
}

async function logIn(store: Store, drvPath: StorePath): Promise<ByteSource | undefined> {
  return "buildLog" in store ? await (store as QueryableStore).buildLog(drvPath) : undefined;
}

async function show({ terminal }: CommandContext, log: ByteSource): Promise<void> {
  for await (const chunk of log) await terminal.print(chunk);
}
