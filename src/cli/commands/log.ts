import { Command } from "commander";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { Ledger } from "#ledger/ledger.ts";
import { findLog } from "#ledger/log/find-log.ts";
import { followBuild } from "#ledger/log/follow-log.ts";
import type { BuildRecord } from "#ledger/record.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { QueryableStore, Store } from "#store/store.ts";
import { type BuildReference, derivationOf, findBuilds, parseBuildReference } from "../build-reference.ts";
import type { CommandContext } from "../command-context.ts";
import { wholeNumber } from "../option-values.ts";
import { showInPager } from "../pager.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere log`: the log of a build, wherever it ran. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("log"))
    .description(
      "Show the log of a build: as Elsewhere kept it on this machine, else from the store, else from the builders.\n\n" +
        "BUILD is a number, as 'elsewhere build' and 'elsewhere history' show it, a derivation, an output of one, or " +
        "the name of a build that was asked for here: of several the newest that said something.",
    )
    .argument("<build>", "a build number, a derivation, an output, or a name such as hello-2.12")
    .option(
      "--attempt <number>",
      "of a build that was tried more than once, this try; without: the last",
      wholeNumber,
    )
    .option("-f, --follow", "go on until the build ends")
    .option("--builders <machines>", "whom to ask")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere log 123                         the build with that number
  elsewhere log 123 --attempt 1             what the try said that was lost
  elsewhere log ./result
  elsewhere log hello-2.12                  the newest of that name
  elsewhere log --follow /nix/store/…-hello.drv`,
    )
    .action((word: string, flags: Flags) => run(context, word, flags));
}

interface Flags extends SettingFlags {
  readonly attempt?: number;
  readonly follow?: boolean;
}

async function run(context: CommandContext, word: string, flags: Flags): Promise<void> {
  const { services } = context;
  const settings = await settingsFor(context, flags);
  const { attempt } = flags;
  await using store = await services.openStore(storeUri(flags.store), settings);
  await using ledger = await services.ledger();
  const reference = parseBuildReference(word, store);
  const builds = await buildsOf(reference, { ledger, store });
  if (flags.follow) return await follow(context, builds[0] ?? refuse(word, reference), { ledger, attempt });
  const kept = await findLog(ledger, builds, { stateDir: services.stateDir(), attempt });
  if (kept) return await showInPager(context, kept);
  const drvPath = await derivationOf(reference, { store, builds });
  if (drvPath === undefined || attempt !== undefined) refuse(word, reference);
  const found = await elsewhereLog(context, { store, drvPath, settings });
  if (!found)
    throw new ElsewhereError("NO_LOG", `Cannot find a log of '${printStorePath(store.storeDir, drvPath)}'`, {
      hint: "a build that says nothing has none; Nix keeps logs on the machine that built, see 'nix log --store'",
    });
}

/** Those of the derivation too, where an output is named that this machine has not seen being built. */
async function buildsOf(
  reference: BuildReference,
  { ledger, store }: { ledger: Ledger; store: Store },
): Promise<BuildRecord[]> {
  const builds = await findBuilds(ledger, reference);
  if (builds.length > 0 || reference.kind !== "path") return builds;
  const drvPath = await derivationOf(reference, { store, builds });
  return drvPath === undefined ? [] : await findBuilds(ledger, { kind: "path", path: drvPath });
}

async function follow(
  { services, terminal, signal }: CommandContext,
  build: BuildRecord,
  { ledger, attempt }: { ledger: Ledger; attempt: number | undefined },
): Promise<void> {
  const log = followBuild(build, {
    ledger,
    stateDir: services.stateDir(),
    signal,
    attempt,
    onAttempt: (one) => terminal.error(`build ${one.build}, attempt ${one.attempt} on ${one.builder}:\n`),
  });
  for await (const chunk of log) await terminal.print(chunk);
}

/** Shows what the store has, or else the first builder that has it; false where nobody does. */
async function elsewhereLog(
  context: CommandContext,
  { store, drvPath, settings }: { store: Store; drvPath: StorePath; settings: ResolvedSettings },
): Promise<boolean> {
  const { services, terminal, signal } = context;
  const here = await logIn(store, drvPath);
  if (here) await showInPager(context, here);
  if (here) return true;
  for (const machine of await services.machines(settings)) {
    const site = await services.machineSite(machine, settings);
    try {
      await using connected = await site.connect(signal);
      const found = await logIn(connected.store, drvPath);
      if (found) await showInPager(context, found);
      if (found) return true;
    } catch (error) {
      terminal.error(`${site.traits.name} cannot be asked: ${(error as Error).message.split("\n")[0]}\n`);
    }
  }
  return false;
}

async function logIn(store: Store, drvPath: StorePath): Promise<ByteSource | undefined> {
  return "buildLog" in store ? await (store as QueryableStore).buildLog(drvPath) : undefined;
}

function refuse(word: string, { kind }: BuildReference): never {
  const what = {
    number: `a log of build ${word}`,
    name: `a log of a build that is called '${word}' on this machine`,
    path: `a log of '${word}' on this machine`,
  }[kind];
  throw new ElsewhereError("NO_LOG", `Cannot find ${what}`, {
    hint:
      kind === "name"
        ? "name its derivation or an output by path: then the store and the builders are asked too"
        : "'elsewhere history' lists what was built; a build that says nothing has no log",
  });
}
