import { Command } from "commander";
import { ElsewhereError } from "#base/errors.ts";
import { formatBytes } from "#base/format-bytes.ts";
import { formatContentAddress } from "#nix/content-address.ts";
import { formatHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { queryable, storePathOf } from "../path-arguments.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere path-info`: what a store knows of paths. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("path-info"))
    .description("Show what a store knows of paths: sizes, closure, signatures.")
    .argument("[path...]", "store paths, or links to them")
    .option("-r, --recursive", "with all that they refer to")
    .option("--all", "every path of the store")
    .option("-s, --size", "the size of the NAR, in bytes")
    .option("-S, --closure-size", "the sum of the sizes of all that it refers to")
    .option("--human-readable", "sizes in KiB, MiB, GiB")
    .option("--sigs", "signatures, and what they are worth: 'ultimate' was built here, 'ca:' proves itself")
    .option("--json", "everything, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere path-info -rsh ./result
  elsewhere path-info -r --store ssh-ng://box /nix/store/…-hello
  elsewhere path-info --json ./result`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly recursive?: boolean;
  readonly all?: boolean;
  readonly size?: boolean;
  readonly closureSize?: boolean;
  readonly humanReadable?: boolean;
  readonly sigs?: boolean;
  readonly json?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  if (words.length === 0 && !flags.all)
    throw new UsageError("Cannot show nothing", "name store paths, or --all");
  await using store = await services.openStore(storeUri(flags.store), await settingsFor(context, flags));
  const infos = await infosOf(store, words, flags);
  const closures = flags.closureSize ? await closureSizes(store, infos) : undefined;
  if (flags.json) {
    const entries = infos.map((info) => [
      printStorePath(store.storeDir, info.path),
      toJson(store, info, closures),
    ]);
    return await terminal.print(`${JSON.stringify(Object.fromEntries(entries))}\n`);
  }
  const lines = infos.map((info) => lineOf(store, info, { flags, closures }));
  await terminal.print(lines.join(""));
}

async function infosOf(store: Store, words: readonly string[], flags: Flags): Promise<PathInfo[]> {
  if (flags.all) {
    const all = await queryable(store, "list every path").queryAllValidPaths();
    return [...(await store.queryPathInfos(all)).values()];
  }
  const paths = words.map((word) => storePathOf(word, store));
  if (flags.recursive) return await store.queryClosure(paths);
  const found = await store.queryPathInfos(paths);
  const missing = paths.find((path) => !found.has(path));
  if (missing)
    throw new ElsewhereError(
      "INVALID_PATH",
      `path '${printStorePath(store.storeDir, missing)}' is not valid in ${store.uri}`,
    );
  return paths.map((path) => found.get(path)!);
}

async function closureSizes(store: Store, infos: readonly PathInfo[]): Promise<Map<StorePath, number>> {
  const whole = await store.queryClosure(infos.map(({ path }) => path));
  const byPath = new Map(whole.map((info) => [info.path, info]));
  return new Map(infos.map(({ path }) => [path, sizeBelow(path, byPath)]));
}

function sizeBelow(root: StorePath, byPath: ReadonlyMap<StorePath, PathInfo>): number {
  const seen = new Set([root]);
  let size = 0;
  // A Set grows while it is walked: what is added comes later.
  for (const path of seen) {
    const info = byPath.get(path);
    size += info?.narSize ?? 0;
    for (const reference of info?.references ?? []) seen.add(reference);
  }
  return size;
}

function lineOf(
  store: Store,
  info: PathInfo,
  { flags, closures }: { flags: Flags; closures: ReadonlyMap<StorePath, number> | undefined },
): string {
  const size = (bytes: number) =>
    (flags.humanReadable ? formatBytes(bytes) : String(bytes)).padStart(SIZE_COLUMNS);
  const parts = [printStorePath(store.storeDir, info.path)];
  if (flags.size) parts.push(size(info.narSize));
  if (closures) parts.push(size(closures.get(info.path) ?? 0));
  if (flags.sigs) {
    if (info.ultimate) parts.push("ultimate");
    if (info.contentAddress) parts.push(`ca:${formatContentAddress(info.contentAddress)}`);
    parts.push(...info.signatures);
  }
  return `${parts.join(flags.size || closures ? "\t" : " ")}\n`;
}

function toJson(store: Store, info: PathInfo, closures: ReadonlyMap<StorePath, number> | undefined): object {
  const print = (path: StorePath) => printStorePath(store.storeDir, path);
  return {
    ca: info.contentAddress ? formatContentAddress(info.contentAddress) : null,
    ...(closures && { closureSize: closures.get(info.path) }),
    deriver: info.deriver ? print(info.deriver) : null,
    narHash: formatHash(info.narHash, "sri"),
    narSize: info.narSize,
    references: info.references.map(print),
    registrationTime: info.registrationTime,
    signatures: info.signatures,
    ultimate: info.ultimate,
  };
}

const SIZE_COLUMNS = 12;
