import { dirname, resolve } from "node:path";
import type { Wish } from "#build/engine/plan/plan.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { type Installable, parseInstallable } from "#build/input/installable.ts";
import { loadGraph } from "#build/input/load-graph.ts";
import { readDrvFile, readDrvJson } from "#build/input/outside-drvs.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { readInput } from "../read-input.ts";
import { findDerivations } from "./find-derivations.ts";
import type { InputOptions } from "./input-options.ts";
import { mergeWishes, wishOf } from "./wishes.ts";

/** What is to be built, and the store that holds its derivations. */
export interface BuildInput {
  /** Store paths that shall be valid, and nobody says how to build. */
  readonly paths: readonly StorePath[];
  readonly graph: Map<StorePath, Derivation>;
  readonly wishes: readonly Wish[];
  readonly drvStore: Store;
}

/** Turns the words of the command line into derivations. */
export async function gatherInput(context: CommandContext, options: InputOptions): Promise<BuildInput> {
  const { flags, destination } = options;
  const isExpression = flags.file !== undefined || flags.expr !== undefined;
  const words = options.installables.length > 0 || isExpression ? options.installables : ["."];
  const parsed = words.map((word) => parseInstallable(word, destination.storeDir));
  const outside = parsed.filter(({ kind }) => kind === "file" || kind === "json");
  if (outside.length === 0) return await fromStore(context, parsed, options);
  if (parsed.length > 1)
    throw new UsageError("Cannot build a file together with anything else", "run 'elsewhere build' for each");
  return await fromFile(outside[0]!, options);
}

async function fromFile(installable: Installable, { destination }: InputOptions): Promise<BuildInput> {
  if (installable.kind !== "file" && installable.kind !== "json") throw new Error("only files lie outside");
  const { storeDir } = destination;
  const file = installable.file === "-" ? "-" : resolve(installable.file);
  const folder = file === "-" ? process.cwd() : dirname(file);
  const { roots, graph, store } =
    installable.kind === "file"
      ? readDrvFile(file, storeDir)
      : readDrvJson((await readInput(file)).toString("utf8"), folder, storeDir);
  const wishes = roots.map((root) => wishOf(graph, root, installable.outputs));
  return { paths: [], graph, wishes, drvStore: store };
}

async function fromStore(
  context: CommandContext,
  installables: readonly Installable[],
  options: InputOptions,
): Promise<BuildInput> {
  const { asked, paths, drvStore } = await findDerivations(context, installables, options);
  if (asked.length === 0) return { paths, graph: new Map(), wishes: [], drvStore };
  const roots = new Set(asked.map(({ drvPath }) => drvPath));
  const graph = await loadGraph(roots, drvStore.storeDir, drvReader(drvStore));
  return {
    paths,
    graph,
    wishes: mergeWishes(asked.map((one) => wishOf(graph, one.drvPath, one.outputs))),
    drvStore,
  };
}
