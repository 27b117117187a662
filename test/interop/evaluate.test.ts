import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { MATRIX, PROGRAM } from "./served.ts";

for (const suite of NIX_SUITES)
  describe(`Elsewhere beside the Nix of ${suite}, in that Nix's own store`, { skip: withoutNix(suite) }, () =>
    stories(suite),
  );

function stories(suite: NixSuite): void {
  let nix: NixRoot;
  let folder: string;
  let node: string;
  let builds = 0;
  before(async () => {
    nix = new NixRoot(suite, "evaluate");
    folder = mkdtempSync(join(tmpdir(), "elsewhere-evaluate-"));
    node = nodeFor(folder);
    await nix.run(["nix-store", "--init"]);
  });
  after(() => {
    nix[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const tag = () => `e${process.pid}-${++builds}`;
  /** Builds in the root, and prints the paths of the outputs. */
  const build = async (...words: readonly string[]) => {
    const flags = ["--no-link", "--print-out-paths"];
    const env = { ELSEWHERE_NODE: node, XDG_STATE_HOME: join(folder, "state") };
    return (await nix.run([PROGRAM, "build", ...flags, ...words], env)).split("\n");
  };

  test("builds attributes of a file", async () => {
    const outs = await build("-f", MATRIX, "--argstr", "tag", tag(), "lone", "pair");
    assert.deepEqual(outs.map(nameOf), ["lone", "pair"]);
    assert.equal(await nix.run(["cat", outs[0]!]), "lone");
  });

  test("builds an expression, whole and in part", async () => {
    const expression = `import ${MATRIX} { tag = "${tag()}"; }`;
    assert.deepEqual((await build("-E", expression, "merged")).map(nameOf), ["merged"]);
    assert.deepEqual((await build("-E", `(${expression}).split1`)).map(nameOf), ["split1"]);
    assert.deepEqual((await build("-E", expression, "split1^dev,doc")).map(nameOf), ["dev", "doc"]);
  });

  test("audits an expression before anything of it is built, and the derivation that it became", async () => {
    const make =
      'make = system: name: paths: derivation { inherit system name paths; builder = "/bin/sh"; };';
    const name = `env-${tag()}`;
    const expression = `let ${make} in make "x86_64-linux" "${name}" [ (make "x86_64-darwin" "nix-2.34" []) ]`;
    const env = { ELSEWHERE_NODE: node, XDG_STATE_HOME: join(folder, "state") };
    const said = `error: ${name} is for x86_64-linux, and takes nix-2.34, which is for x86_64-darwin`;
    const evaluated = await nix.attempt([PROGRAM, "audit", "-E", expression], env);
    assert.equal(evaluated.code, 1, evaluated.said);
    assert.ok(evaluated.said.startsWith(said), evaluated.said);
    const drv = await nix.run(["nix-instantiate", "--quiet", "-E", expression]);
    const stored = await nix.attempt([PROGRAM, "audit", drv.split("\n").at(-1)!], env);
    assert.equal(stored.code, 1, stored.said);
    assert.ok(stored.said.startsWith(said), stored.said);
  });

  test("builds a derivation of the store by its outputs", async () => {
    const words = [MATRIX, "--argstr", "tag", tag(), "-A", "split2"];
    const drv = await nix.run(["nix-instantiate", "--quiet", ...words]);
    assert.deepEqual((await build(`${drv}^*`)).map(nameOf), ["dev", "doc", "split2"]);
  });

  test("builds a flake's attributes", async () => {
    const flake = join(folder, "flake");
    mkdirSync(flake);
    copyFileSync(MATRIX, join(flake, "matrix.nix"));
    writeFileSync(join(flake, "flake.nix"), flakeText(tag()));
    assert.deepEqual((await build(`${flake}#pair`)).map(nameOf), ["pair"]);
    assert.deepEqual((await build(`path:${flake}#split1^dev`)).map(nameOf), ["dev"]);
    assert.deepEqual((await build(flake)).map(nameOf), ["lone"]);
  });

  test("leaves the store as Nix would have", async () => {
    const { code, said } = await nix.attempt(["nix-store", "--verify", "--check-contents"]);
    assert.equal(code, 0, said);
    assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
  });

  test("repeats what Nix says of an expression that is wrong", async () => {
    const env = { ELSEWHERE_NODE: node };
    const { code, said } = await nix.attempt([PROGRAM, "build", "-E", "{ }: throw oops"], env);
    assert.equal(code, 1);
    assert.match(said, /Cannot evaluate/);
    assert.match(said, /undefined variable 'oops'/);
  });
}

/** `pair` of `/nix/store/…-TAG-pair`. */
function nameOf(path: string): string {
  return /-([A-Za-z0-9]+)$/.exec(path)![1]!;
}

function flakeText(tag: string): string {
  return `{
    outputs = { self }: {
      packages.x86_64-linux = let all = import ./matrix.nix { tag = "${tag}"; }; in all // { default = all.lone; };
    };
  }`;
}

/** The Node that runs this, where the root sees it. */
function nodeFor(folder: string): string {
  const own = realpathSync(process.execPath);
  if (own.startsWith(fileURLToPath(new URL("../..", import.meta.url)))) return own;
  const copy = join(folder, "node");
  writeFileSync(copy, readFileSync(own), { mode: 0o755 });
  return copy;
}
