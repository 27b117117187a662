import { LimitError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import type { Derivation, DerivationOutput, InputOutputs } from "./derivation.ts";
import { type OutputFields, parseOutputFields } from "./derivation-output.ts";
import { DrvScanner } from "./drv-scanner.ts";
import {
  checkStorePathName,
  DEFAULT_STORE_DIR,
  parseStorePath,
  type StoreDir,
  type StorePath,
} from "./store-path.ts";

export { type FormatMask, formatDerivation, maskContents } from "./drv-printer.ts";

/**
 * The derivation that a `.drv` file holds. `name` is its name without `.drv`. Lists that are out of order are
 * sorted, as Nix does; duplicates are refused. Source: Nix manual, "Derivation ATerm".
 */
export function parseDerivation(storeDir: StoreDir, contents: Uint8Array | string, name: string): Derivation {
  const scanner = new DrvScanner(contents, `derivation '${name}'`);
  const dynamic = !scanner.take("Derive(");
  if (dynamic) readVersion(scanner);
  const reader = new Reader(scanner, storeDir, dynamic);
  const outputs = reader.outputs(name);
  scanner.expect(",");
  const inputDerivations = reader.inputDerivations();
  scanner.expect(",");
  const inputSources = reader.inputSources();
  scanner.expect(",");
  const system = scanner.string();
  scanner.expect(",");
  const builder = scanner.string();
  scanner.expect(",");
  const args = scanner.strings();
  scanner.expect(",");
  const env = reader.map(() => {
    scanner.expect(",");
    return scanner.string();
  });
  scanner.expect(")");
  scanner.end();
  return { name, outputs, inputDerivations, inputSources, system, builder, args, env };
}

/** What a derivation is and needs, as the texts that stand in its file: paths are not looked at. */
export interface DerivationOutline {
  readonly outputs: ReadonlyMap<string, OutputFields>;
  /** By full path. */
  readonly inputDerivations: ReadonlyMap<string, InputOutputs>;
  readonly system: string;
  readonly builder: string;
  /** Arguments and environment, escaped. */
  readonly rest: string;
}

/** Reads no more of a `.drv` file than where it stands in a graph: several times faster than `parseDerivation`. */
export function parseDerivationOutline(contents: Uint8Array | string, name: string): DerivationOutline {
  const scanner = new DrvScanner(contents, `derivation '${name}'`);
  const dynamic = !scanner.take("Derive(");
  if (dynamic) readVersion(scanner);
  const reader = new Reader(scanner, DEFAULT_STORE_DIR, dynamic);
  const outputs = reader.map(() => reader.outputFields());
  scanner.expect(",");
  const inputDerivations = reader.map(() => reader.input());
  scanner.expect(",");
  scanner.strings();
  scanner.expect(",");
  const system = scanner.string();
  scanner.expect(",");
  const builder = scanner.string();
  return { outputs, inputDerivations, system, builder, rest: scanner.rest() };
}

function readVersion(scanner: DrvScanner): void {
  scanner.expect("DrvWithVersion(");
  const version = scanner.string();
  if (version !== DYNAMIC_VERSION) scanner.fail(`unknown version '${version}', know '${DYNAMIC_VERSION}'`);
  scanner.expect(",");
}

class Reader {
  readonly #scanner: DrvScanner;
  readonly #storeDir: StoreDir;
  readonly #dynamic: boolean;

  constructor(scanner: DrvScanner, storeDir: StoreDir, dynamic: boolean) {
    this.#scanner = scanner;
    this.#storeDir = storeDir;
    this.#dynamic = dynamic;
  }

  outputs(drvName: string): Map<string, DerivationOutput> {
    return this.map((outputName) => {
      checkStorePathName(outputName);
      return parseOutputFields(this.outputFields(), { storeDir: this.#storeDir, drvName, outputName });
    });
  }

  /** What follows an output's name. */
  outputFields(): OutputFields {
    const scanner = this.#scanner;
    scanner.expect(",");
    const path = scanner.string();
    scanner.expect(",");
    const algorithm = scanner.string();
    scanner.expect(",");
    return { path, algorithm, hash: scanner.string() };
  }

  inputDerivations(): Map<StorePath, InputOutputs> {
    return this.map(
      () => this.input(),
      (text) => parseStorePath(this.#storeDir, text),
    );
  }

  /** What follows an input's path. */
  input(): InputOutputs {
    this.#scanner.expect(",");
    return this.#inputOutputs(0);
  }

  inputSources(): StorePath[] {
    return this.#ordered(this.#scanner.strings()).map((text) => parseStorePath(this.#storeDir, text));
  }

  /** `[(key…),…]`, where `value` reads what follows the key; in byte order of the keys. */
  map<V, K extends string = string>(value: (key: K) => V, parseKey?: (text: string) => K): Map<K, V> {
    const scanner = this.#scanner;
    const map = new Map<K, V>();
    let last: K | undefined;
    let ordered = true;
    scanner.expect("[");
    for (let isFirst = true; scanner.hasItem(isFirst); isFirst = false) {
      scanner.expect("(");
      const text = scanner.string();
      const key = parseKey ? parseKey(text) : (text as K);
      if (last !== undefined && !scanner.isOrdered(last, key)) {
        if (map.has(key)) scanner.fail(`'${key}' comes twice`);
        ordered = false;
      }
      map.set(key, value(key));
      scanner.expect(")");
      last = key;
    }
    return ordered ? map : new Map([...map].sort(([a], [b]) => compareText(a, b)));
  }

  #inputOutputs(depth: number): InputOutputs {
    const scanner = this.#scanner;
    if (!this.#dynamic || !scanner.take("("))
      return { outputs: this.#ordered(scanner.strings()), dynamic: NO_DYNAMIC };
    if (depth >= DYNAMIC_DEPTH_MAX)
      throw new LimitError("the nesting of dynamic derivations (levels)", depth + 1, DYNAMIC_DEPTH_MAX);
    const outputs = this.#ordered(scanner.strings());
    scanner.expect(",");
    const dynamic = this.map(() => {
      scanner.expect(",");
      return this.#inputOutputs(depth + 1);
    });
    scanner.expect(")");
    return { outputs, dynamic };
  }

  #ordered(texts: string[]): string[] {
    for (let i = 1; i < texts.length; i++)
      if (!this.#scanner.isOrdered(texts[i - 1]!, texts[i]!)) return [...new Set(texts)].sort(compareText);
    return texts;
  }
}

/** Deepest nesting of outputs of outputs, in levels. */
const DYNAMIC_DEPTH_MAX = 64;
const DYNAMIC_VERSION = "xp-dyn-drv";
const NO_DYNAMIC: ReadonlyMap<string, InputOutputs> = new Map();
