import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { requiredFeatures } from "#nix/derivation-options.ts";
import { derivationType } from "#nix/derivation-type.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import { DEFAULT_STORE_DIR, parseStorePath } from "#nix/store-path.ts";
import { sharedDir } from "#rig/shared.ts";
import type { SketchedTask } from "./model.ts";

/** A real graph, from the golden data beside the checkout: each task after what it needs. */
export function corpusGraph(name: string): SketchedTask[] {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-sim-"));
  try {
    unpack(join(sharedDir!, "corpus", `${name}.tar.zst`), folder);
    return readGraph(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unpack(archive: string, folder: string): void {
  const words = [
    "--use-compress-program=zstd -d --long=27",
    "--strip-components=0",
    "-xf",
    archive,
    "-C",
    folder,
  ];
  const { status, stderr } = spawnSync("tar", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot unpack ${archive}: ${stderr}`);
}

function readGraph(folder: string): SketchedTask[] {
  const root = readdirSync(folder).includes("drvs") ? folder : join(folder, readdirSync(folder)[0]!);
  const sizes = new Map(
    readFileSync(join(root, "sources.tsv"), "utf8")
      .split("\n")
      .map((line) => line.split("\t"))
      .flatMap(([path, , size]) => (Number(size) > 0 ? [[path!, Number(size)] as const] : [])),
  );
  const sketches = new Map<string, SketchedTask>();
  for (const file of readdirSync(join(root, "drvs"))) {
    const sketch = sketchOf(file, readFileSync(join(root, "drvs", file)), sizes);
    sketches.set(sketch.id, sketch);
  }
  return needsFirst(sketches);
}

function sketchOf(file: string, contents: Uint8Array, sizes: ReadonlyMap<string, number>): SketchedTask {
  const name = file.slice(33, -".drv".length);
  const derivation = parseDerivation(DEFAULT_STORE_DIR, contents, name);
  const options = derivationOptions(DEFAULT_STORE_DIR, derivation);
  return {
    id: parseStorePath(DEFAULT_STORE_DIR, `${DEFAULT_STORE_DIR}/${file}`),
    name,
    system: derivation.system,
    features: requiredFeatures(derivation, options),
    preferLocal: options.preferLocalBuild,
    isFetch: derivationType(derivation) === "fixed",
    needs: [...derivation.inputDerivations.keys()],
    sources: derivation.inputSources.map((path) => ({
      path,
      bytes: sizes.get(path) ?? sizes.get(`${DEFAULT_STORE_DIR}/${path}`) ?? 4096,
    })),
  };
}

function needsFirst(sketches: ReadonlyMap<string, SketchedTask>): SketchedTask[] {
  const ordered = new Set<SketchedTask>();
  for (const root of sketches.values()) {
    const stack = [root];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const open = top.needs.flatMap((need) => {
        const sketch = sketches.get(need);
        return sketch && !ordered.has(sketch) ? [sketch] : [];
      });
      if (open.length > 0) stack.push(...open);
      else {
        ordered.add(top);
        stack.pop();
      }
    }
  }
  return [...ordered];
}
