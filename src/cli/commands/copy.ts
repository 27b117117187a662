import { Command } from "commander";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import { isReadByAnyone } from "#serve/output-reader.ts";
import { copyClosure, copyPaths } from "#store/copy.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { queryable, storePathOf } from "../path-arguments.ts";
import { copyMeter } from "../progress/copy-meter.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere copy`: closures between stores. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("copy"))
    .description(
      "Copy paths, with all that they refer to, from one store to another: only what is missing, in one stream.",
    )
    .argument("[path...]", "store paths, or links to them")
    .option("--from <uri>", "the store to copy from; this machine's own where absent")
    .option("--to <uri>", "the store to copy to; this machine's own where absent")
    .option("--all", "every path of the store that is copied from")
    .option("--no-recursive", "the paths alone, without what they refer to")
    .option("--derivation", "the derivations that made the paths")
    .option("--no-check-sigs", "take paths that bear no trusted signature")
    .option("-s, --substitute-on-destination", "let the receiver fetch what it can from its own caches first")
    .option("--repair", "write again what is there")
    .option("--json", "print what was sent as JSON")
    .option("--requests", "copy what standard input asks for, a line of JSON after the other: see below")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere copy --to ssh-ng://box ./result
  elsewhere copy --from ssh-ng://box --no-check-sigs /nix/store/…-hello
  elsewhere copy --to ~/folder ./result          a folder is a store too
  elsewhere copy --derivation --to ssh-ng://box ./result

With --requests both stores stay open, and each line of standard input is a list of store paths, each after what it
refers to, that are copied alone. The answer to each is a line too:
  $ echo '["/nix/store/…-a", "/nix/store/…-b"]' | elsewhere copy --to ssh-ng://box --requests
  {"sent":["/nix/store/…-b"]}
or {"error":"…","code":"…"}, after which the next may be asked for.`,
    )
    .action((paths: string[], flags: Flags) => run(context, paths, flags));
}

interface Flags extends SettingFlags {
  readonly from?: string;
  readonly to?: string;
  readonly all?: boolean;
  readonly recursive?: boolean;
  readonly derivation?: boolean;
  readonly checkSigs?: boolean;
  readonly substituteOnDestination?: boolean;
  readonly repair?: boolean;
  readonly json?: boolean;
  readonly requests?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal, signal } = context;
  if (flags.from === undefined && flags.to === undefined)
    throw new UsageError("Cannot copy without a second store", "name one with --to or --from");
  if (words.length === 0 && !flags.all && !flags.requests)
    throw new UsageError("Cannot copy nothing", "name store paths, --all, or --requests");
  if (flags.requests && (words.length > 0 || flags.all))
    throw new UsageError(
      "Cannot copy paths that are named beside those that are asked for",
      "say --requests alone",
    );
  const settings = await settingsFor(context, flags);
  const open = async (uri: string | undefined) => {
    const store = await services.openStore(storeUri(uri ?? flags.store), settings);
    store.prepare?.();
    return store;
  };
  // Begun first when it is far: it connects while the near one loads.
  const far = isFar(flags.to) ? open(flags.to) : undefined;
  await using pair = await both(open(flags.from), far ?? open(flags.to));
  const [from, to] = pair.stores;
  if (flags.requests) return await answerRequests(context, { from, to, flags });
  const paths = await pathsOf(from, words, flags);
  const meter = copyMeter(terminal, { quiet: flags.quiet === true, from: from.uri, to: to.uri });
  const options = {
    checkSignatures: flags.checkSigs !== false,
    substitute: flags.substituteOnDestination === true,
    repair: flags.repair === true,
    onProgress: meter.take,
    signal,
  };
  const sent =
    flags.recursive === false
      ? await copyPaths(from, to, await infosOf(from, paths), options)
      : await copyClosure(from, to, paths, options);
  meter.finish(sent);
  if (flags.json)
    await terminal.print(`${JSON.stringify(sent.map(({ path }) => `${to.storeDir}/${path}`))}\n`);
}

async function answerRequests(
  { signal }: CommandContext,
  { from, to, flags }: { readonly from: Store; readonly to: Store; readonly flags: Flags },
): Promise<void> {
  const { copyRequests } = await import("../copy-requests.ts");
  await copyRequests({
    from,
    to,
    options: { checkSignatures: flags.checkSigs !== false, repair: flags.repair === true, signal },
    input: process.stdin,
    output: process.stdout,
    stillListens: () => isReadByAnyone(process.stdout.fd),
  });
}

/** Whether a store's URI names a host. */
function isFar(uri = ""): boolean {
  return /^[a-z0-9+.-]+:\/\/[^/?]/.test(uri);
}

/** Two stores that open side by side. */
async function both(...opening: [Promise<Store>, Promise<Store>]): Promise<Pair> {
  const opened = await Promise.allSettled(opening);
  const pair = {
    stores: opened.map((each) => (each.status === "fulfilled" ? each.value : undefined)) as [Store, Store],
    async [Symbol.asyncDispose]() {
      await Promise.all(pair.stores.map((store) => store?.[Symbol.asyncDispose]()));
    },
  };
  const failed = opened.find((each) => each.status === "rejected");
  if (!failed) return pair;
  await pair[Symbol.asyncDispose]();
  throw failed.reason;
}

interface Pair extends AsyncDisposable {
  readonly stores: readonly [Store, Store];
}

async function pathsOf(from: Store, words: readonly string[], flags: Flags): Promise<Iterable<StorePath>> {
  if (flags.all) return await queryable(from, "list every path").queryAllValidPaths();
  const paths = words.map((word) => storePathOf(word, from));
  if (!flags.derivation) return paths;
  const infos = await from.queryPathInfos(paths);
  return paths.map((path) => (path.endsWith(".drv") ? path : derivationOf(infos, path)));
}

function derivationOf(infos: ReadonlyMap<StorePath, PathInfo>, path: StorePath): StorePath {
  const deriver = infos.get(path)?.deriver;
  if (!deriver) throw new UsageError(`Cannot copy the derivation of '${path}': the store does not know it`);
  return deriver;
}

async function infosOf(store: Store, paths: Iterable<StorePath>): Promise<PathInfo[]> {
  const wanted = new Set(paths);
  return (await store.queryClosure(wanted)).filter(({ path }) => wanted.has(path));
}
