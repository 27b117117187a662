import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareText, encodeText } from "#base/text.ts";
import { makeContentAddressedPath } from "#nix/content-address.ts";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { staticOutputPath } from "#nix/derivation-output.ts";
import { hashPlaceholder } from "#nix/placeholder.ts";
import { DEFAULT_STORE_DIR, printStorePath, type StorePath } from "#nix/store-path.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import type { Chance } from "./chance.ts";

/** A graph of derivations that lies in a folder, as `elsewhere build FILE.drv` reads it. */
export interface ChaosGraph {
  /** Occurs in the environment of every builder of the graph. */
  readonly tag: string;
  /** The derivation that needs all others. */
  readonly rootFile: string;
  readonly rootOutput: StorePath;
  /** What the root's output says: one line for each derivation of the graph. */
  readonly expected: string;
}

/** Up to forty derivations in five layers over sources of many small files and of a few large ones. */
export async function writeChaosGraph(folder: string, tag: string, chance: Chance): Promise<ChaosGraph> {
  mkdirSync(folder);
  const writer = new GraphWriter(folder, tag);
  const sources: StorePath[] = [];
  for (let i = 0; i < SOURCES; i++) sources.push(await writer.source(i, chance));
  const { leaves, layers } = chance.oneOf(SHAPES);
  let below = Array.from({ length: leaves }, (_, i) =>
    writer.derivation(`leaf-${i}`, { sources: [sources[i % SOURCES]!], inputs: [] }),
  );
  for (const [layer, size] of layers.entries())
    below = Array.from({ length: size }, (_, i) =>
      writer.derivation(`layer-${layer}-${i}`, {
        sources: [],
        inputs: below.filter((_, at) => at % size === i || at % size === (i + 1) % size),
      }),
    );
  const root = below[0]!;
  return {
    tag,
    rootFile: join(folder, root),
    rootOutput: writer.outputOf(root),
    expected: writer.names
      .map((name) => `${name} of ${tag}`)
      .toSorted()
      .join("\n"),
  };
}

class GraphWriter {
  readonly names: string[] = [];
  readonly #folder: string;
  readonly #tag: string;
  readonly #known = new Map<StorePath, Derivation>();
  readonly #hasher = new DerivationHasher(DEFAULT_STORE_DIR, (path) => this.#known.get(path));

  constructor(folder: string, tag: string) {
    this.#folder = folder;
    this.#tag = tag;
  }

  outputOf(drvPath: StorePath): StorePath {
    const { name, outputs } = this.#known.get(drvPath)!;
    const place = { storeDir: DEFAULT_STORE_DIR, drvName: name, outputName: "out" };
    return staticOutputPath(outputs.get("out")!, place)!;
  }

  /** Every other source is a folder of small files, the others one file of a few hundred KiB. */
  async source(number: number, chance: Chance): Promise<StorePath> {
    const place = join(this.#folder, `source-${number}`);
    if (number % 2 === 0) writeFileSync(place, noise(this.#tag, SOURCE_LINES, chance));
    else {
      mkdirSync(place);
      for (let i = 0; i < SOURCE_FILES; i++)
        writeFileSync(join(place, `f${i}`), noise(this.#tag, 20, chance));
    }
    const { hash } = await hashPath(place);
    const path = makeContentAddressedPath(DEFAULT_STORE_DIR, `source-${number}`, { method: "nar", hash });
    renameSync(place, join(this.#folder, path));
    return path;
  }

  derivation(
    name: string,
    { sources, inputs }: { sources: readonly StorePath[]; inputs: readonly StorePath[] },
  ): StorePath {
    this.names.push(name);
    const print = (path: StorePath) => printStorePath(DEFAULT_STORE_DIR, path);
    const env = {
      builder: "/bin/sh",
      chaosTag: this.#tag,
      inputs: inputs.map((path) => print(this.outputOf(path))).join(" "),
      name,
      out: hashPlaceholder("out"),
      sources: sources.map(print).join(" "),
      system: "x86_64-linux",
    };
    const unfilled: Derivation = {
      name,
      outputs: new Map([["out", { kind: "deferred" }]]),
      inputDerivations: new Map(
        inputs.toSorted(compareText).map((path) => [path, { outputs: ["out"], dynamic: new Map() }]),
      ),
      inputSources: sources.toSorted(compareText),
      system: "x86_64-linux",
      builder: "/bin/sh",
      args: ["-euc", SCRIPT],
      env: new Map(Object.entries(env).sort(([a], [b]) => compareText(a, b))),
    };
    const filled = fillOutputPaths(DEFAULT_STORE_DIR, unfilled, this.#hasher.hashOf);
    const path = derivationPath(DEFAULT_STORE_DIR, filled);
    writeFileSync(join(this.#folder, path), encodeText(formatDerivation(DEFAULT_STORE_DIR, filled)));
    this.#known.set(path, filled);
    return path;
  }
}

function noise(tag: string, lines: number, chance: Chance): string {
  return Array.from({ length: lines }, (_, i) => `${tag} ${i} ${chance.fraction()}\n`).join("");
}

/** Says much, writes a folder of several files, keeps references, and leaves a child that a kill may miss. */
const SCRIPT = `
mkdir -p $out/parts
echo "$name of $chaosTag" > $out/own
cat $out/own > all
for input in $inputs; do echo "from $input"; cat $input/said >> all; ln -s $input $out/parts/; done
sort -u all > $out/said
for source in $sources; do if [ -d $source ]; then cp -r $source $out/copy; else cat $source > $out/copy; fi; done
i=0; while [ $i -lt 40 ]; do i=$((i + 1)); echo "line $i of $name"; done
(sleep 0.02; echo late) &
wait
`;
const SOURCES = 6;
const SOURCE_LINES = 8000;
const SOURCE_FILES = 60;
const SHAPES = [
  { leaves: 18, layers: [12, 6, 3, 1] },
  { leaves: 10, layers: [5, 2, 1] },
  { leaves: 6, layers: [1, 1, 1, 1] },
];
