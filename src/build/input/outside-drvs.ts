import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation, parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { derivationsFromJson } from "#nix/derivation-json.ts";
import { parseJson } from "#nix/json-text.ts";
import { parseStorePathBaseName, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { FolderDrvSource } from "#store/drv-source.ts";
import { type DrvText, FolderStore } from "./folder-store.ts";
import { readGivenFile } from "./given-file.ts";
import { LeanDerivations } from "./lean-derivation.ts";

/** Derivations that lie in no store, with what they need, and a store to copy them from. */
export interface OutsideDrvs {
  readonly roots: readonly StorePath[];
  readonly graph: Map<StorePath, Derivation>;
  readonly store: FolderStore;
}

/** A `.drv` file outside any store; its inputs are read from the folder that it lies in, unless it is wanted `alone`. */
export function readDrvFile(file: string, storeDir: StoreDir, { alone = false } = {}): OutsideDrvs {
  const folder = dirname(file);
  const contents = readGivenFile(file);
  const drv = parseDerivation(storeDir, contents, drvNameOf(file));
  const root = derivationPath(storeDir, drv, contents);
  const given = new Map([[root, drv]]);
  if (alone) return { roots: [root], graph: given, store: storeOf(folder, storeDir, given) };
  return collect(folder, storeDir, { roots: [root], given });
}

/** Derivations as JSON: one alone, or several by path as `nix derivation show -r` prints them. */
export function readDrvJson(text: string, folder: string, storeDir: StoreDir): OutsideDrvs {
  const parsed = derivationsFromJson(storeDir, parseJson(text, "derivations"));
  if (parsed.size === 0)
    throw new ElsewhereError("NO_DERIVATION", "Cannot build: the JSON holds no derivation");
  const given = new Map<StorePath, Derivation>();
  const hasher = new DerivationHasher(
    storeDir,
    (path) => given.get(path) ?? readBeside(folder, path, storeDir),
  );
  const waiting = new Map(parsed);
  const unnamed = parsed.size === 1 && !isBaseName([...parsed.keys()][0]!);
  // Output paths may be absent: they follow from the inputs, which must have theirs first.
  for (const [key, drv] of inputsFirst(waiting)) {
    const filled = fillOutputPaths(storeDir, drv, hasher.hashOf);
    const path = derivationPath(storeDir, filled);
    if (!unnamed && path !== key)
      throw new ElsewhereError("WRONG_PATH", `Cannot use derivation '${key}': its contents make '${path}'`);
    given.set(path, filled);
  }
  const inputs = new Set([...given.values()].flatMap(({ inputDerivations }) => [...inputDerivations.keys()]));
  const roots = [...given.keys()].filter((path) => !inputs.has(path));
  return collect(folder, storeDir, { roots, given });
}

function collect(
  folder: string,
  storeDir: StoreDir,
  { roots, given }: { roots: readonly StorePath[]; given: ReadonlyMap<StorePath, Derivation> },
): OutsideDrvs {
  const graph = new Map<StorePath, Derivation>();
  const lean = new LeanDerivations(
    (path) => readBeside(folder, path, storeDir) ?? throwMissing(path, folder),
  );
  const queue = [...roots];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (graph.has(path)) continue;
    const drv =
      given.get(path) ?? lean.lean(path, readBeside(folder, path, storeDir) ?? throwMissing(path, folder));
    graph.set(path, drv);
    for (const input of drv.inputDerivations.keys()) if (!graph.has(input)) queue.push(input);
  }
  return { roots, graph, store: storeOf(folder, storeDir, graph) };
}

function throwMissing(path: StorePath, folder: string): never {
  throw new ElsewhereError("DERIVATION_MISSING", `Cannot find '${path}' in ${folder}`, {
    hint: "a .drv outside a store needs every derivation that it refers to beside it",
  });
}

function storeOf(folder: string, storeDir: StoreDir, graph: ReadonlyMap<StorePath, Derivation>): FolderStore {
  const drvs = new Map<StorePath, DrvText>();
  for (const [path, drv] of graph)
    drvs.set(path, {
      // Made when it is asked for: a graph's texts take as much memory as the graph.
      get text() {
        return formatDerivation(storeDir, drv);
      },
      get references() {
        return [...drv.inputSources, ...drv.inputDerivations.keys()];
      },
    });
  const known = () => [...graph].flatMap(([path, { inputSources }]) => [path, ...inputSources]);
  return new FolderStore(folder, storeDir, { drvs, known });
}

function readBeside(folder: string, path: StorePath, storeDir: StoreDir): Derivation | undefined {
  const file = join(folder, path);
  if (!existsSync(file)) return undefined;
  const contents = new FolderDrvSource(folder).readDerivation(path);
  const drv = parseDerivation(storeDir, contents, drvNameOf(file));
  if (derivationPath(storeDir, drv, contents) !== path)
    throw new ElsewhereError(
      "WRONG_PATH",
      `Cannot use '${file}': its contents make another path than its name says`,
    );
  return drv;
}

/** Inputs before what needs them, as far as they are among `drvs`. */
function* inputsFirst(drvs: ReadonlyMap<string, Derivation>): Generator<[string, Derivation]> {
  const done = new Set<string>();
  const entered = new Set<string>();
  const stack = [...drvs.keys()];
  for (let key = stack.at(-1); key !== undefined; key = stack.at(-1)) {
    const drv = drvs.get(key)!;
    const open = [...drv.inputDerivations.keys()].filter((input) => drvs.has(input) && !done.has(input));
    if (!entered.has(key) && open.length > 0) {
      entered.add(key);
      stack.push(...open);
      continue;
    }
    stack.pop();
    if (done.has(key)) continue;
    done.add(key);
    yield [key, drv];
  }
}

function drvNameOf(file: string): string {
  const base = basename(file).replace(/\.drv$/, "");
  return /^[0-9a-df-np-sv-z]{32}-/.test(base) ? base.slice(33) : base;
}

function isBaseName(key: string): boolean {
  try {
    parseStorePathBaseName(key);
    return true;
  } catch {
    return false;
  }
}
