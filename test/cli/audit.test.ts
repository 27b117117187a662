import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Derivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath, fillOutputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";

const main = fileURLToPath(new URL("../../src/main/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "elsewhere-audit-"));
const drvs = new Map<StorePath, Derivation>();
const hasher = new DerivationHasher(DEFAULT_STORE_DIR, (path) => drvs.get(path));
let clean: string;
let foreign: string;

before(() => {
  const nix = write("nix-2.34.7", "x86_64-darwin");
  const hello = write("hello-2.12", "x86_64-linux");
  clean = join(folder, write("system-path", "x86_64-linux", hello));
  foreign = join(folder, write("hydra-perl-deps", "x86_64-linux", hello, nix));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("a clean graph prints nothing, says so aside, and exits with 0", async () => {
  const { code, out, err } = await audit(clean);
  assert.deepEqual([code, out, err], [0, "", "no mistake in 2 derivations (x86_64-linux 2)\n"]);
});

test("a mistake is printed with the way to it, and exits with 1", async () => {
  const { code, out } = await audit(foreign);
  assert.equal(code, 1);
  assert.match(
    out,
    /^error: hydra-perl-deps is for x86_64-linux, and takes nix-2\.34\.7, which is for x86_64-darwin/,
  );
  assert.match(out, /hydra-perl-deps +x86_64-linux\n +└─ nix-2\.34\.7 +x86_64-darwin\n/);
});

test("what cannot be looked at exits with 2", async () => {
  const missing = await audit(join(folder, "no-such.drv"));
  assert.equal(missing.code, 2);
  assert.match(missing.err, /^error: /);
  const mixed = await audit(clean, ".#x");
  assert.equal(mixed.code, 2);
});

test("a waiver lets it through, and one that nothing needs is told", async () => {
  const file = join(folder, "waivers.toml");
  writeFileSync(
    file,
    '[[waiver]]\ninput = "nix-*"\nreason = "emulated"\n\n[[waiver]]\nconsumer = "gone"\nreason = "old"\n',
  );
  const { code, out, err } = await audit(foreign, "--waivers", file);
  assert.equal(code, 0);
  assert.equal(out, "");
  assert.match(err, /nothing needs the waiver of consumer = "gone"/);
  assert.match(err, /no mistake, 1 waived in 3 derivations/);
});

test("reports go to files and to scripts", async () => {
  const [sarif, svg] = [join(folder, "a.sarif"), join(folder, "a.svg")];
  const { code, out } = await audit(foreign, "--json", "--sarif", sarif, "--svg", svg);
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).findings.length, 1);
  assert.equal(JSON.parse(readFileSync(sarif, "utf8")).version, "2.1.0");
  assert.match(readFileSync(svg, "utf8"), /^<svg /);
});

/** Writes a derivation beside the others; returns its file's name. */
function write(name: string, system: string, ...inputs: readonly string[]): string {
  const wanted = { outputs: ["out"], dynamic: new Map() };
  const derivation = fillOutputPaths(
    DEFAULT_STORE_DIR,
    {
      name,
      system,
      builder: "/bin/sh",
      args: [],
      env: new Map([["out", ""]]),
      inputSources: [],
      inputDerivations: new Map([...inputs].sort().map((input) => [input as StorePath, wanted])),
      outputs: new Map([["out", { kind: "deferred" }]]),
    },
    hasher.hashOf,
  );
  const path = derivationPath(DEFAULT_STORE_DIR, derivation);
  drvs.set(path, derivation);
  writeFileSync(join(folder, path), formatDerivation(DEFAULT_STORE_DIR, derivation));
  return path;
}

function audit(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const words = ["--disable-warning=ExperimentalWarning", main, "audit", ...args];
  return new Promise((resolve) =>
    execFile(process.execPath, words, { cwd: folder }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}
