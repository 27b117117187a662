import { Command } from "commander";
import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { parsePublicKey, TrustedKeys } from "#nix/signature.ts";
import { validSignatures } from "#nix/signature-fingerprint.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { CollectableStore, Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { hashNar } from "../hash-nar.ts";
import { queryable, storePathOf } from "../path-arguments.ts";
import { count } from "../progress/words.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere verify`: a store, its files and its signatures. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("verify"))
    .description(
      "Check a store. Without paths: its records against its files. With paths: their contents against their hashes,\n" +
        "and that each is signed by a trusted key, proves itself by its content address, or was built here.",
    )
    .argument("[path...]", "store paths, or links to them")
    .option("--all", "every path of the store, one by one")
    .option("-r, --recursive", "with all that the paths refer to")
    .option("--check-contents", "without paths: read every file and compare its hash")
    .option("--repair", "without paths: mend what can be mended")
    .option("--no-contents", "do not read contents")
    .option("--no-trust", "do not ask for signatures")
    .option("-n, --sigs-needed <number>", "signatures by different trusted keys that a path needs", Number)
    .addHelpText(
      "after",
      `
Examples:
  elsewhere verify --check-contents
  elsewhere verify -r ./result
  elsewhere verify --no-trust --all --store ssh-ng://box`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly all?: boolean;
  readonly recursive?: boolean;
  readonly checkContents?: boolean;
  readonly repair?: boolean;
  readonly contents?: boolean;
  readonly trust?: boolean;
  readonly sigsNeeded?: number;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  const resolved = await settingsFor(context, flags);
  await using store = await services.openStore(storeUri(flags.store), resolved);
  if (words.length === 0 && !flags.all) return await verifyWhole(context, store, flags);
  const infos = await infosOf(store, words, flags);
  const keys = new TrustedKeys(resolved.settings["trusted-public-keys"].map(parsePublicKey));
  let faults = 0;
  for (const info of infos) {
    const path = printStorePath(store.storeDir, info.path);
    const said: string[] = [];
    if (flags.contents !== false && !(await hashNar(store, info)))
      said.push("its contents do not match its hash");
    if (flags.trust !== false && !isTrusted(store, info, { keys, needed: flags.sigsNeeded }))
      said.push("no trusted key has signed it");
    if (said.length === 0) continue;
    faults++;
    await terminal.print(`${path}: ${said.join("; ")}\n`);
  }
  terminal.error(
    `${count(infos.length, "path")} checked, ${faults === 0 ? "all good" : `${faults} not good`}\n`,
  );
  if (faults > 0) context.exitWith(1);
}

async function verifyWhole(
  { terminal, exitWith }: CommandContext,
  store: Store,
  flags: Flags,
): Promise<void> {
  if (!("verify" in store)) throw new ElsewhereError("UNSUPPORTED", `Cannot verify ${store.uri} as a whole`);
  const errors = await (store as CollectableStore).verify({
    checkContents: flags.checkContents === true,
    repair: flags.repair === true,
  });
  terminal.error(errors ? `${store.uri} has errors that remain\n` : `${store.uri} is good\n`);
  if (errors) exitWith(1);
}

async function infosOf(store: Store, words: readonly string[], flags: Flags): Promise<PathInfo[]> {
  if (flags.all) {
    const all = await queryable(store, "list every path").queryAllValidPaths();
    return [...(await store.queryPathInfos(all)).values()];
  }
  const paths = words.map((word) => storePathOf(word, store));
  const closure = await store.queryClosure(paths);
  return flags.recursive ? closure : closure.filter(({ path }) => paths.includes(path));
}

function isTrusted(
  store: Store,
  info: PathInfo,
  { keys, needed }: { keys: TrustedKeys; needed: number | undefined },
): boolean {
  const signed = validSignatures(store.storeDir, info, keys).length;
  if (needed !== undefined && needed > 0) return signed >= needed;
  return info.ultimate || info.contentAddress !== undefined || signed > 0;
}
