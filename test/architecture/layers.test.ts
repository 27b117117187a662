import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";

/** From the ground up. A file imports from its own layer's folder or from layers with a smaller number. */
const LAYERS: Record<string, number> = {
  base: 0,
  nix: 1,
  wire: 2,
  transport: 3,
  store: 4,
  sandbox: 4,
  schedule: 4,
  build: 5,
  serve: 6,
  ledger: 6,
  audit: 6,
  resident: 7,
  doctor: 7,
  setup: 7,
  cli: 8,
  main: 9,
};

/** Layers that do no I/O and read no clock, chance or environment, and the built-in modules that are pure. */
const PURE_LAYERS = ["base", "nix", "wire", "schedule"];
const PURE_BUILTINS = ["node:buffer", "node:crypto", "node:util"];

/** The few files of a pure layer that hand the outside world in, by name. */
const CLOCKS = ["src/base/clock.ts"];

const files = globSync("src/**/*.ts", { cwd: root() });

test("imports point left", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .map((target) => ({ file, target, from: layerOf(file), to: layerOf(target) }))
      .filter(
        ({ from, to, file, target }) => from !== to && LAYERS[to]! >= LAYERS[from]! && inTree(target, file),
      )
      .map(({ target }) => `${file} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test("no way of imports leads back to where it began, those of types included", () => {
  const done = new Set<string>();
  const rings: string[] = [];
  const follow = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) rings.push([...way.slice(way.indexOf(file)), file].join(" imports "));
    else if (!done.has(file)) {
      for (const target of importsOf(file).filter((one) => files.includes(one)))
        follow(target, [...way, file]);
      done.add(file);
    }
  };
  for (const file of files) follow(file, []);
  assert.deepEqual(rings, []);
});

test("every folder of src is a layer", () => {
  assert.deepEqual(
    [...new Set(files.map(layerOf))].filter((layer) => !(layer in LAYERS)),
    [],
  );
});

test("pure layers touch nothing outside", () => {
  const wrong = files
    .filter((file) => PURE_LAYERS.includes(layerOf(file)) && !CLOCKS.includes(file))
    .flatMap((file) => [...impureImports(file), ...impureWords(file)].map((what) => `${file} uses ${what}`));
  assert.deepEqual(wrong, []);
});

function impureImports(file: string): string[] {
  return specifiers(file).filter((name) => name.startsWith("node:") && !PURE_BUILTINS.includes(name));
}

function impureWords(file: string): string[] {
  const text = read(file);
  return ["Date.now(", "Math.random(", "process.env", "performance.now("].filter((word) =>
    text.includes(word),
  );
}

function importsOf(file: string): string[] {
  return specifiers(file).flatMap((name) => {
    if (name.startsWith("#")) return [`src/${name.slice(1)}`];
    if (name.startsWith(".")) return [normalize(join(dirname(file), name))];
    return [];
  });
}

function specifiers(file: string): string[] {
  return [...read(file).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
}

function inTree(target: string, file: string): boolean {
  assert.ok(target.startsWith("src/"), `${file} imports ${target}`);
  return true;
}

function layerOf(file: string): string {
  return file.split("/")[1]!;
}

function read(file: string): string {
  return readFileSync(join(root(), file), "utf8");
}

function root(): string {
  return join(import.meta.dirname, "../..");
}
