import { resolve } from "node:path";
import {
  type ContentsReader,
  type LoadedGraph,
  loadPlatformGraph,
  platformGraphOf,
} from "#audit/graph/load.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import { parseInstallable } from "#build/input/installable.ts";
import { readDrvJson } from "#build/input/outside-drvs.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import { type DrvSource, openDrvFile } from "#store/drv-source.ts";
import { findDerivations } from "../build/find-derivations.ts";
import type { InputOptions } from "../build/input-options.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { readInput } from "../read-input.ts";

/** Files outside any store: `.drv` files, or one file of derivation JSON. */
export type Outside =
  | { readonly kind: "files"; readonly files: readonly string[] }
  | { readonly kind: "json"; readonly file: string };

/** What lies outside any store among words of the command line; undefined where they name something else. Throws on a mixture. */
export function parseOutside(words: readonly string[], storeDir: StoreDir): Outside | undefined {
  const installables = words.map((word) => parseInstallable(word, storeDir));
  const files = installables.flatMap((one) => (one.kind === "file" ? one.file : []));
  const json = installables.flatMap((one) => (one.kind === "json" ? one.file : []));
  if (files.length + json.length === 0) return undefined;
  if (json.length === 1 && words.length === 1) return { kind: "json", file: json[0]! };
  if (files.length === words.length) return { kind: "files", files };
  throw new UsageError("Cannot audit files together with anything else", "run 'elsewhere audit' for each");
}

export async function readOutside(outside: Outside, storeDir: StoreDir): Promise<LoadedGraph> {
  return outside.kind === "json"
    ? await fromJson(outside.file, storeDir)
    : await fromFiles(outside.files, storeDir);
}

/** The graph that words of the command line name, which lies in a store or is evaluated into one. */
export async function gatherGraph(context: CommandContext, options: InputOptions): Promise<LoadedGraph> {
  const { storeDir } = options.destination;
  const isExpression = options.flags.file !== undefined || options.flags.expr !== undefined;
  const words = options.installables.length > 0 || isExpression ? options.installables : ["."];
  const outside = parseOutside(words, storeDir);
  if (outside) return await readOutside(outside, storeDir);
  const installables = words.map((word) => parseInstallable(word, storeDir));
  const { asked, drvStore } = await findDerivations(context, installables, options);
  const roots = new Set(asked.map(({ drvPath }) => drvPath));
  return await loadPlatformGraph(drvStore.storeDir, roots, drvReader(drvStore));
}

async function fromJson(file: string, storeDir: StoreDir): Promise<LoadedGraph> {
  const text = (await readInput(file)).toString("utf8");
  const folder = file === "-" ? process.cwd() : resolve(file, "..");
  const { roots, graph } = readDrvJson(text, folder, storeDir);
  return platformGraphOf(storeDir, roots, graph);
}

/** Each file's inputs are read from the folder that it lies in. */
async function fromFiles(files: readonly string[], storeDir: StoreDir): Promise<LoadedGraph> {
  const opened = files.map((file) => openDrvFile(storeDir, file));
  const known = new Map<StorePath, Uint8Array>(opened.map(({ path, contents }) => [path, contents]));
  const sources = opened.map(({ source }) => source);
  const read: ContentsReader = (path) => known.get(path) ?? firstOf(sources, path);
  return await loadPlatformGraph(storeDir, known.keys(), read);
}

function firstOf(sources: readonly DrvSource[], path: StorePath): Uint8Array | Promise<Uint8Array> {
  const [last, ...others] = [...sources].reverse();
  for (const source of others.reverse()) {
    try {
      return source.readDerivation(path);
    } catch {
      // It may lie beside another of the files.
    }
  }
  return last!.readDerivation(path);
}
