import { Command } from "commander";
import { ElsewhereError } from "#base/errors.ts";
import { formatBytes } from "#base/format-bytes.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { CollectableStore, GcAction, Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { storePathOf } from "../path-arguments.ts";
import { count } from "../progress/words.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere gc`: deletes what no root keeps. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("gc"))
    .description("Delete store paths that no root keeps. With paths: these alone, if nothing keeps them.")
    .argument("[path...]", "store paths to delete")
    .option("--max <size>", "stop when this much is freed, such as 10G")
    .option("--dry-run", "list what would be deleted")
    .option("--print-live", "list what is kept")
    .option("--print-roots", "list the roots and what each keeps")
    .option("--ignore-liveness", "with paths: delete them although a root keeps them")
    .option("--optimise", "replace equal files by hard links as well")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere gc --dry-run
  elsewhere gc --max 20G
  elsewhere gc --store ssh-ng://box --print-roots`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly max?: string;
  readonly dryRun?: boolean;
  readonly printLive?: boolean;
  readonly printRoots?: boolean;
  readonly ignoreLiveness?: boolean;
  readonly optimise?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  await using opened = await services.openStore(storeUri(flags.store), await settingsFor(context, flags));
  const store = collectable(opened);
  if (flags.printRoots) {
    const roots = [...(await store.findRoots())].sort();
    return await terminal.print(
      roots.map(([link, path]) => `${link} -> ${printStorePath(store.storeDir, path)}\n`).join(""),
    );
  }
  const result = await store.collectGarbage({
    action: actionOf(words, flags),
    paths: words.map((word) => storePathOf(word, store)),
    ignoreLiveness: flags.ignoreLiveness === true,
    ...(flags.max !== undefined && { bytesMax: parseSize(flags.max) }),
  });
  const isList = flags.dryRun || flags.printLive;
  if (isList) {
    await terminal.print(result.paths.map((path) => `${path}\n`).join(""));
    if (result.paths.length === 0 && !flags.quiet)
      terminal.error(
        flags.printLive
          ? `nothing is kept in ${store.uri}\n`
          : `nothing to delete in ${store.uri}: a root keeps everything\n`,
      );
  } else
    terminal.error(
      `${count(result.paths.length, "path")} deleted, ${formatBytes(result.bytesFreed)} freed\n`,
    );
  if (flags.optimise) await store.optimise();
}

function actionOf(words: readonly string[], flags: Flags): GcAction {
  if (flags.printLive) return "return-live";
  if (flags.dryRun) return "return-dead";
  return words.length > 0 ? "delete-specific" : "delete-dead";
}

function collectable(store: Store): CollectableStore {
  if ("collectGarbage" in store) return store as CollectableStore;
  throw new ElsewhereError(
    "UNSUPPORTED",
    `Cannot collect garbage in ${store.uri}: its protocol has no request for it`,
  );
}

function parseSize(text: string): number {
  const parts = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text);
  if (!parts)
    throw new UsageError(`Cannot use --max '${text}'`, "want a size in bytes, or with K, M, G or T");
  return Math.floor(Number(parts[1]) * 1024 ** " KMGT".indexOf(parts[2]!.toUpperCase() || " "));
}
