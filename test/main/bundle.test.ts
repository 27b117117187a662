import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "../..");

test("a bundle says what the sources say", () => {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-bundle-"));
  try {
    const node = (...words: string[]) =>
      execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...words], {
        encoding: "utf8",
      });
    node(join(root, "scripts/bundle.ts"), folder);
    for (const words of [
      ["build", "--help"],
      ["key", "generate", "--help"],
    ])
      assert.equal(
        node(join(folder, "elsewhere.js"), ...words),
        node(join(root, "src/main/main.ts"), ...words),
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a checkout runs from its bundle as long as nothing is newer, and a package always does", () => {
  using checkout = new Checkout();
  assert.equal(checkout.run("build"), "bundle\n");
  assert.equal(checkout.run("--version"), "sources\n");
  checkout.write("src/cli/late.ts", "", { ageS: 0 });
  assert.equal(checkout.run("build"), "sources\n");
  checkout.remove("src/cli/late.ts");
  assert.equal(checkout.run("build"), "sources\n");
  checkout.remove("src");
  assert.equal(checkout.run("build"), "bundle\n");
});

/** A folder with the starting script, and a program of one line in the place of the sources and of the bundle. */
class Checkout implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "elsewhere-checkout-"));

  constructor() {
    mkdirSync(join(this.#folder, "bin"));
    copyFileSync(join(root, "bin/elsewhere"), join(this.#folder, "bin/elsewhere"));
    this.write("package.json", '{ "type": "module" }', { ageS: 60 });
    this.write("package-lock.json", "{}", { ageS: 60 });
    this.write("src/main/main.ts", 'console.log("sources");', { ageS: 60 });
    this.write("src/cli/early.ts", "", { ageS: 60 });
    this.write("dist/elsewhere.js", 'console.log("bundle");', { ageS: 30 });
  }

  write(name: string, text: string, { ageS }: { ageS: number }): void {
    const path = join(this.#folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    const written = new Date(Date.now() - ageS * 1000);
    for (let each = path; each !== this.#folder; each = dirname(each)) utimesSync(each, written, written);
  }

  remove(name: string): void {
    rmSync(join(this.#folder, name), { recursive: true });
  }

  run(...words: string[]): string {
    const env = { ...process.env, ELSEWHERE_NODE: process.execPath };
    return execFileSync(join(this.#folder, "bin/elsewhere"), words, { encoding: "utf8", env });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
