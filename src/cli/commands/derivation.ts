import { resolve } from "node:path";
import { Command } from "commander";
import { compareText } from "#base/text.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { loadGraph } from "#build/input/load-graph.ts";
import { readDrvFile } from "#build/input/outside-drvs.ts";
import type { Derivation } from "#nix/derivation.ts";
import { type DerivationJsonVersion, derivationsToJson, derivationToJson } from "#nix/derivation-json.ts";
import { formatJson } from "#nix/json-text.ts";
import { isDerivationPath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { BuildFlags } from "../build/build-flags.ts";
import { gatherInput } from "../build/input.ts";
import type { CommandContext } from "../command-context.ts";
import { storePathOf } from "../path-arguments.ts";
import { addSettingFlags, settingsFor } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";

/** `elsewhere derivation`: derivations as JSON. */
export function command(context: CommandContext): Command {
  const show = addSettingFlags(new Command("show"))
    .description("Print derivations as JSON, as 'nix derivation show' of Nix 2.34 does (version 4).")
    .argument(
      "[installable...]",
      "derivations, outputs of them, .drv files outside any store, or for Nix to evaluate",
    )
    .option("-r, --recursive", "with all derivations that they need")
    .option("-f, --file <file>", "evaluate attributes of this file")
    .option("-E, --expr <expression>", "evaluate attributes of this expression")
    .option("--json-version <number>", "3: as Nix 2.26 prints it", "4")
    .option("--pretty", "with line breaks")
    .action((words: string[], flags: Flags) => run(context, words, flags));
  return new Command("derivation")
    .description("Show derivations.")
    .addCommand(show)
    .addHelpText(
      "after",
      `
Examples:
  elsewhere derivation show -r ./graph/…-x.drv      no Nix needed
  elsewhere derivation show .#hello`,
    );
}

interface Flags extends BuildFlags {
  readonly recursive?: boolean;
  readonly jsonVersion?: string;
  readonly pretty?: boolean;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  const { services, terminal } = context;
  const settings = await settingsFor(context, flags);
  await using store = await services.openStore(storeUri(flags.store), settings);
  const { graph, roots } = await graphOf(context, words, { flags, store, settings });
  const shown = flags.recursive ? graph : new Map([...graph].filter(([path]) => roots.has(path)));
  const sorted = new Map([...shown].sort(([a], [b]) => compareText(a, b)));
  const version = flags.jsonVersion === "3" ? 3 : 4;
  if (flags.pretty) {
    const json = derivationsToJson(store.storeDir, sorted, version);
    return await terminal.print(`${formatJson(json, { indent: 2 })}\n`);
  }
  for (const piece of inPieces(store.storeDir, sorted, version)) await terminal.print(piece);
}

/** The same text as `derivationsToJson` makes, some at a time: that of a large graph takes more memory than the graph. */
function* inPieces(
  storeDir: StoreDir,
  sorted: ReadonlyMap<StorePath, Derivation>,
  version: DerivationJsonVersion,
): Generator<string> {
  let piece = version === 4 ? '{"derivations":{' : "{";
  let separator = "";
  for (const [path, derivation] of sorted) {
    const key = version === 4 ? path : `${storeDir}/${path}`;
    piece += `${separator}${formatJson(key)}:${formatJson(derivationToJson(storeDir, derivation, version))}`;
    separator = ",";
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}}${version === 4 ? ',"version":4}' : ""}\n`;
}

/** Characters that are printed at once. */
const PIECE_CHARS = 256 * 1024;

interface Graph {
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly roots: ReadonlySet<StorePath>;
}

async function graphOf(
  context: CommandContext,
  words: readonly string[],
  {
    flags,
    store,
    settings,
  }: { flags: Flags; store: Store; settings: Awaited<ReturnType<typeof settingsFor>> },
): Promise<Graph> {
  const isFile = (word: string) => word.endsWith(".drv") && !word.startsWith(`${store.storeDir}/`);
  if (words.length > 0 && words.every(isFile)) {
    const read = words.map((word) => readDrvFile(resolve(word), store.storeDir, { alone: !flags.recursive }));
    return {
      graph: new Map(read.flatMap(({ graph }) => [...graph])),
      roots: new Set(read.flatMap(({ roots }) => roots)),
    };
  }
  if (
    words.length > 0 &&
    words.every((word) => word.startsWith(`${store.storeDir}/`) && !word.includes("^"))
  ) {
    const paths = words.map((word) => storePathOf(word, store));
    const infos = await store.queryPathInfos(paths.filter((path) => !isDerivationPath(path)));
    const roots = new Set(paths.map((path) => infos.get(path)?.deriver ?? path));
    return { graph: await loadGraph(roots, store.storeDir, drvReader(store)), roots };
  }
  const input = await gatherInput(context, {
    installables: words,
    flags,
    settings,
    destination: store,
    evalStore: undefined,
  });
  return { graph: input.graph, roots: new Set(input.wishes.map(({ drvPath }) => drvPath)) };
}
