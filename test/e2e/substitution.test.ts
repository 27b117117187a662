import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NixRoot, withoutNix } from "#rig/nix-root.ts";
import { checkout } from "./build-rig.ts";

const SUITE = "trixie";
const EXPRESSION = `let
  d = name: more: derivation ({
    inherit name; system = "x86_64-linux"; builder = "/bin/sh";
    args = [ "-c" "echo \${name} $deps > $out" ];
  } // more);
  base = d "base" { };
in {
  top = d "top" { deps = [ (d "middle" { deps = [ base ]; }) base ]; };
  never = d "never" { allowSubstitutes = false; deps = [ base ]; };
}`;

test("what a cache of real Nix has is fetched, not built", { skip: withoutNix(SUITE) }, async () => {
  await using rig = await CacheRig.start();
  const trusting = ["--option", "substituters", rig.url, "--option", "trusted-public-keys", rig.publicKey];

  // The plan says so first, with sizes, and does nothing.
  const dry = await rig.elsewhere("build", rig.drv("top"), "--dry-run", "--json", ...trusting);
  const plan = JSON.parse(dry.out);
  assert.deepEqual(plan.builds, []);
  assert.equal(plan.fetches.length, 3);
  assert.ok(plan.downloadSize > 0 && plan.narSize > 0);

  const built = await rig.elsewhere("build", rig.drv("top"), "--no-link", ...trusting);
  assert.equal(built.code, 0, built.err);
  assert.match(built.err, new RegExp(`top +substituted from ${rig.url}, signed by test-1`));

  // A path that nobody says how to build can be had as well.
  const opaque = await rig.elsewhere(
    "build",
    rig.out("never"),
    "--no-link",
    "--print-out-paths",
    ...trusting,
  );
  assert.equal(opaque.out.trim(), rig.out("never"), opaque.err);
});

test("what bears no trusted signature is planned as a build", { skip: withoutNix(SUITE) }, async () => {
  await using rig = await CacheRig.start();
  const distrusting = ["--option", "substituters", rig.url, "--option", "trusted-public-keys", ""];
  const { out } = await rig.elsewhere("build", rig.drv("top"), "--dry-run", "--json", ...distrusting);
  const plan = JSON.parse(out);
  assert.equal(plan.builds.length, 3);
  assert.deepEqual(plan.fetches, []);
  const missing = await rig.elsewhere("build", rig.out("top"), "--no-link", ...distrusting);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /Cannot find '.*-top'.*in a form that it trusts/);
});

test("a derivation that forbids substitution is built on what is fetched", {
  skip: withoutNix(SUITE),
}, async () => {
  await using rig = await CacheRig.start();
  const trusting = ["--option", "substituters", rig.url, "--option", "trusted-public-keys", rig.publicKey];
  const { out } = await rig.elsewhere("build", rig.drv("never"), "--dry-run", "--json", ...trusting);
  const plan = JSON.parse(out);
  assert.equal(plan.builds.length, 1);
  assert.equal(plan.fetches.length, 1);
});

test("a cache that is down costs a warning, and what it would have had is built", {
  skip: withoutNix(SUITE),
}, async () => {
  await using rig = await CacheRig.start();
  const down = ["--option", "substituters", "http://127.0.0.1:9/", "--dry-run", "--json"];
  const { out, err } = await rig.elsewhere("build", rig.drv("top"), ...down);
  assert.equal(JSON.parse(out).builds.length, 3);
  assert.match(err, /substituter 'http:\/\/127.0.0.1:9' cannot be used/);
});

test("what a cache has and gives broken is not built unless one says so, and is left alone for a while", {
  skip: withoutNix(SUITE),
}, async () => {
  await using rig = await CacheRig.start();
  const trusting = ["--option", "substituters", rig.url, "--option", "trusted-public-keys", rig.publicKey];
  const build = (...words: string[]) =>
    rig.elsewhere("build", rig.drv("top"), "--no-link", ...trusting, ...words);
  rig.spoil();
  for (const turn of ["first", "again"]) {
    const failed = await build("-j", "1");
    assert.equal(failed.code, 1, failed.err);
    assert.match(failed.err, /Cannot fetch '.*-top': a cache has it and did not give it/);
    // What broke once is not fetched again at once.
    assert.equal(rig.narsAsked > 0, turn === "first");
    rig.narsAsked = 0;
  }
  const built = await build("-j", "1", "--option", "sandbox", "false", "--fallback");
  assert.equal(built.code, 0, built.err);
  assert.match(built.err, /top +built/);
});

test("what a cache said is known to the next run, unless that asks for it to be asked anew", {
  skip: withoutNix(SUITE),
}, async () => {
  await using rig = await CacheRig.start();
  const trusting = ["--option", "substituters", rig.url, "--option", "trusted-public-keys", rig.publicKey];
  const asksFor = async (...words: string[]) => {
    rig.narinfosAsked = 0;
    const { out, err } = await rig.elsewhere(
      "build",
      rig.drv("top"),
      "--dry-run",
      "--json",
      ...trusting,
      ...words,
    );
    assert.equal(JSON.parse(out).fetches.length, 3, err);
    return rig.narinfosAsked;
  };
  const first = await asksFor();
  assert.ok(first >= 3);
  assert.equal(await asksFor(), 0);
  assert.equal(await asksFor("--refresh"), first);
  assert.equal(await asksFor("--option", "narinfo-cache-positive-ttl", "0"), first);
});

/** A binary cache that real Nix wrote, behind http, and a client of ours with a store of its own. */
class CacheRig implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-caches-"));
  /** How many NARs the cache was asked for. */
  narsAsked = 0;
  narinfosAsked = 0;
  readonly #nix = new NixRoot(SUITE, "caches");
  #server!: Server;

  static async start(): Promise<CacheRig> {
    const rig = new CacheRig();
    const { folder } = rig;
    mkdirSync(join(folder, "graph"));
    writeFileSync(join(folder, "x.nix"), EXPRESSION);
    await rig.#nix.run(["sh", "-euc", WRITE_CACHE, "sh", folder]);
    rig.#server = createServer((request, response) => {
      if (request.url?.startsWith("/nar/")) rig.narsAsked++;
      if (request.url?.endsWith(".narinfo")) rig.narinfosAsked++;
      const file = join(folder, "cache", decodeURIComponent(request.url ?? "/"));
      if (existsSync(file) && statSync(file).isFile()) return void createReadStream(file).pipe(response);
      response.statusCode = 404;
      response.end();
    });
    await new Promise<void>((resolve) => rig.#server.listen(0, "127.0.0.1", resolve));
    return rig;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get publicKey(): string {
    return readFileSync(join(this.folder, "public"), "utf8").trim();
  }

  /** The derivation of an attribute, as a file. */
  drv(name: string): string {
    return join(
      this.folder,
      "graph",
      readFileSync(join(this.folder, `${name}.drv`), "utf8")
        .trim()
        .slice(11),
    );
  }

  /** Leaves of every NAR of the cache only the half. */
  spoil(): void {
    for (const file of readdirSync(join(this.folder, "cache/nar"))) {
      const path = join(this.folder, "cache/nar", file);
      truncateSync(path, statSync(path).size >> 1);
    }
  }

  out(name: string): string {
    return readFileSync(join(this.folder, `${name}.out`), "utf8").trim();
  }

  elsewhere(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const env = {
      ...process.env,
      HOME: this.folder,
      NIX_CONF_DIR: this.folder,
      NO_COLOR: "1",
      ELSEWHERE_NODE: process.execPath,
    };
    return new Promise((resolve) =>
      execFile(
        `${checkout}/bin/elsewhere`,
        [...words, "--store", join(this.folder, "store")],
        { env },
        (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#nix[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const WRITE_CACHE = `
cd "$1"
nix-store --generate-binary-cache-key test-1 secret public
for name in top never; do
  nix-instantiate x.nix -A $name > $name.drv
  nix-build x.nix -A $name --no-out-link > $name.out
  cp $(nix-store -qR $(cat $name.drv)) graph/
  nix --extra-experimental-features nix-command copy --to "file://$1/cache?secret-key=$1/secret" $(cat $name.out)
done`;
