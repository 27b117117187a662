import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { Wish } from "#build/engine/plan/plan.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { type Evaluated, type EvaluateOptions, evaluateFile, evaluateFlakes } from "#build/input/evaluate.ts";
import { type Installable, parseInstallable } from "#build/input/installable.ts";
import { loadGraph } from "#build/input/load-graph.ts";
import { readDrvFile, readDrvJson } from "#build/input/outside-drvs.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { readInput } from "../read-input.ts";
import type { BuildFlags } from "./request.ts";

export interface InputOptions {
  readonly installables: readonly string[];
  readonly flags: BuildFlags;
  readonly settings: ResolvedSettings;
  readonly destination: Store;
  readonly evalStore: Store | undefined;
}

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

/** What installables that lie in a store, or are evaluated into one, stand for. */
export interface FoundDerivations {
  readonly asked: readonly { readonly drvPath: StorePath; readonly outputs: OutputsSpec | undefined }[];
  /** Store paths that nobody says how to build. */
  readonly paths: readonly StorePath[];
  /** Holds the derivations. */
  readonly drvStore: Store;
}

/** Evaluates what must be, and finds the store that holds the derivations. Throws when there is nothing. */
export async function findDerivations(
  context: CommandContext,
  installables: readonly Installable[],
  options: InputOptions,
): Promise<FoundDerivations> {
  const expressions = installables.filter((one) => one.kind === "expression");
  const evaluated = await evaluate(context, expressions, options);
  const asked: { readonly drvPath: StorePath; readonly outputs: OutputsSpec | undefined }[] = [...evaluated];
  for (const one of installables)
    if (one.kind === "derivation") asked.push({ drvPath: one.path, outputs: one.outputs });
  const paths = [...new Set(installables.flatMap((one) => (one.kind === "path" ? one.path : [])))];
  if (asked.length === 0 && paths.length > 0) return { asked, paths, drvStore: options.destination };
  if (asked.length === 0)
    throw new ElsewhereError("NOTHING", "Cannot build: the expression holds no derivation");
  const drvStore = options.evalStore ?? (await holderOfDrvs(context, asked[0]!.drvPath, options));
  return { asked, paths, drvStore };
}

/** Derivations are evaluated into the destination where it can hold them, else into this machine's own store. */
async function holderOfDrvs(
  { services }: CommandContext,
  drvPath: StorePath,
  { destination, settings }: InputOptions,
): Promise<Store> {
  if ((await destination.queryValidPaths([drvPath])).has(drvPath)) return destination;
  const usual = await services.openStore("auto", settings);
  if ((await usual.queryValidPaths([drvPath])).has(drvPath)) return usual;
  await usual[Symbol.asyncDispose]();
  throw new ElsewhereError(
    "DERIVATION_MISSING",
    `Cannot find derivation '${drvPath}' in ${destination.uri}`,
    {
      hint: "name the store that it is in with --eval-store, or give the .drv file itself",
    },
  );
}

async function evaluate(
  context: CommandContext,
  expressions: readonly Extract<Installable, { kind: "expression" }>[],
  { flags, settings, destination, evalStore }: InputOptions,
): Promise<Evaluated[]> {
  const { terminal, env, signal } = context;
  const { file, expr } = flags;
  if (file === undefined && expr === undefined && expressions.length === 0) return [];
  const store = evalStore?.uri ?? (isLocalFolder(destination.uri) ? destination.uri : undefined);
  const shared: EvaluateOptions = {
    file: file === undefined || !existsSync(file) ? file : resolve(file),
    expression: expr,
    arguments: [
      ...(flags.system === undefined ? [] : ["--option", "system", flags.system]),
      ...(settings.set.has("system") && flags.system === undefined
        ? ["--option", "system", settings.settings.system]
        : []),
      ...pairs("--arg", flags.arg),
      ...pairs("--argstr", flags.argstr),
      ...(flags.impure ? ["--impure"] : []),
    ],
    store,
    storeDir: destination.storeDir,
    env,
    signal,
    say: (text) => {
      if ((flags.verbose ?? 0) > 0) terminal.error(text);
    },
  };
  const evaluateTexts = (texts: readonly string[]) =>
    file === undefined && expr === undefined ? evaluateFlakes(texts, shared) : evaluateFile(texts, shared);
  const usual = expressions.filter(({ outputs }) => outputs === undefined).map(({ text }) => text);
  const evaluated = usual.length > 0 || expressions.length === 0 ? await evaluateTexts(usual) : [];
  for (const { text, outputs } of expressions)
    if (outputs !== undefined)
      for (const one of await evaluateTexts([text])) evaluated.push({ ...one, outputs });
  return evaluated;
}

function wishOf(
  graph: ReadonlyMap<StorePath, Derivation>,
  drvPath: StorePath,
  outputs: OutputsSpec | undefined,
): Wish {
  const all = [...graph.get(drvPath)!.outputs.keys()];
  const wanted = outputs === undefined ? (all.includes("out") ? ["out"] : all.slice(0, 1)) : outputs;
  if (wanted === "*") return { drvPath, outputs: all.sort() };
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new ElsewhereError(
      "NO_SUCH_OUTPUT",
      `Cannot build output '${unknown}' of '${drvPath}': it has ${all.join(", ")}`,
    );
  return { drvPath, outputs: [...wanted].sort() };
}

function mergeWishes(wishes: readonly Wish[]): Wish[] {
  const merged = new Map<StorePath, Set<string>>();
  for (const { drvPath, outputs } of wishes)
    merged.set(drvPath, (merged.get(drvPath) ?? new Set()).union(new Set(outputs)));
  return [...merged].map(([drvPath, outputs]) => ({ drvPath, outputs: [...outputs].sort() }));
}

function pairs(flag: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => {
    const cut = value.indexOf("=");
    if (cut <= 0)
      throw new UsageError(`Cannot use ${flag} '${value}'`, `want ${flag} NAME VALUE or ${flag} NAME=VALUE`);
    return [flag, value.slice(0, cut), value.slice(cut + 1)];
  });
}

function isLocalFolder(uri: string): boolean {
  return uri.startsWith("local?");
}
