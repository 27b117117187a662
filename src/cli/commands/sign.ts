import { Command } from "commander";
import { readGivenFile } from "#build/input/given-file.ts";
import { parseSecretKey } from "#nix/signature.ts";
import { signPathInfo } from "#nix/signature-fingerprint.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { queryable, storePathOf } from "../path-arguments.ts";
import { count } from "../progress/words.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere sign`: signs store paths. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("sign"))
    .description("Sign store paths, so that stores which trust the key take them from anybody.")
    .argument("[path...]", "store paths, or links to them")
    .option("-k, --key-file <file>", "the secret key, as 'elsewhere key generate' prints it")
    .option("-r, --recursive", "with all that they refer to")
    .option("--all", "every path of the store")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere sign -k ~/.config/nix/secret-key -r ./result
On the machines that shall trust it, in nix.conf:
  extra-trusted-public-keys = my-laptop-1:…        (elsewhere key convert-secret-to-public < secret-key)`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly keyFile?: string;
  readonly recursive?: boolean;
  readonly all?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  if (flags.keyFile === undefined)
    throw new UsageError(
      "Cannot sign without a key",
      "name its file with -k; 'elsewhere key generate NAME' makes one",
    );
  if (words.length === 0 && !flags.all)
    throw new UsageError("Cannot sign nothing", "name store paths, or --all");
  const key = parseSecretKey(readGivenFile(flags.keyFile).toString("utf8"));
  await using opened = await services.openStore(storeUri(flags.store), await settingsFor(context, flags));
  const store = queryable(opened, "add signatures");
  const paths = flags.all ? await store.queryAllValidPaths() : words.map((word) => storePathOf(word, store));
  const infos = flags.recursive
    ? await store.queryClosure(paths)
    : [...(await store.queryPathInfos(paths)).values()];
  let signed = 0;
  for (const info of infos) {
    const { signatures } = signPathInfo(store.storeDir, info, key);
    const fresh = signatures.filter((signature) => !info.signatures.includes(signature));
    if (fresh.length === 0) continue;
    await store.addSignatures(info.path, fresh);
    signed++;
  }
  terminal.error(
    `${count(signed, "path")} signed, ${count(infos.length - signed, "path")} had the signature\n`,
  );
}
