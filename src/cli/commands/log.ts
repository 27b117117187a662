import { spawn } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Command } from "commander";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { isDerivationPath, printStorePath, type StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import { keptLogFile, newestKeptLog } from "../build/log-keeper.ts";
import type { CommandContext } from "../command-context.ts";
import { storePathOf } from "../path-arguments.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere log`: the log of a build, wherever it ran. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("log"))
    .description(
      "Show the log of a build: as Elsewhere kept it on this machine, else from the store, else from the builders.",
    )
    .argument("<path>", "a derivation, an output of one, or the name of a build that ran here")
    .option("--builders <machines>", "whom to ask")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere log /nix/store/…-hello.drv
  elsewhere log ./result
  elsewhere log hello-2.12                  the newest that this machine keeps`,
    )
    .action((path: string, flags: SettingFlags) => run(context, path, flags));
}

async function run(context: CommandContext, word: string, flags: SettingFlags): Promise<void> {
  const { services, terminal, signal } = context;
  const settings = await settingsFor(context, flags);
  await using store = await services.openStore(storeUri(flags.store), settings);
  const named = isName(word) ? newestKeptLog(services.stateDir(), word) : undefined;
  if (named !== undefined) return await show(context, createReadStream(named));
  if (isName(word))
    throw new ElsewhereError(
      "NO_LOG",
      `Cannot find a log of a build that is called '${word}' on this machine`,
      {
        hint: "name its derivation or an output by path: then the store and the builders are asked too",
      },
    );
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

/** Neither a path nor a link: `hello-2.12`. */
function isName(word: string): boolean {
  return !word.includes("/") && !/^[0-9a-df-np-sv-z]{32}-/.test(word) && !existsSync(word);
}

async function logIn(store: Store, drvPath: StorePath): Promise<ByteSource | undefined> {
  return "buildLog" in store ? await (store as QueryableStore).buildLog(drvPath) : undefined;
}

/** On a terminal by the person's pager, as `nix log` does; else as it is. */
async function show({ terminal, env }: CommandContext, log: ByteSource): Promise<void> {
  const pager = env.NIX_PAGER ?? env.PAGER ?? "less";
  if (terminal.outputColumns() === undefined || pager === "" || pager === "cat") {
    for await (const chunk of log) await terminal.print(chunk);
    return;
  }
  const child = spawn("sh", ["-c", pager], {
    stdio: ["pipe", "inherit", "inherit"],
    env: { ...env, LESS: env.LESS ?? "FRSXMK" },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Who leaves the pager early has read enough.
  await pipeline(Readable.from(log, { objectMode: true }), child.stdin).catch(() => undefined);
  await ended;
}
