import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptinessOf } from "#rig/appearance.ts";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { type Sshd, startSshd, withoutSshd } from "#rig/sshd.ts";

const program = fileURLToPath(new URL("../../bin/elsewhere", import.meta.url));
const FEATURES = "nix-command ca-derivations";

/** Four derivations: a chain of two that log, two outputs that refer to each other, one that fails, one floating. */
const EXPRESSION = `rec {
  sh = name: more: cmd: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" cmd ]; } // more);
  first = sh "el-first" { } "echo first > $out; echo made first";
  second = sh "el-second" { } "read x < \${first}; echo second after $x \${first} > $out; echo made second";
  pair = sh "el-pair" { outputs = [ "out" "dev" ]; } "echo $dev > $out; echo dev > $dev";
  broken = sh "el-broken" { } "echo it breaks here; exit 3";
  floating = sh "el-floating" { __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; } "echo floating > $out";
}`;

for (const suite of NIX_SUITES)
  describe(
    `real Nix of ${suite}, with Elsewhere in the server's place`,
    {
      skip: withoutNix(suite) || withoutSshd,
    },
    () => stories(suite),
  );

function stories(suite: NixSuite): void {
  let rig: Rig;
  before(async () => {
    rig = await Rig.make(suite);
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  for (const scheme of ["ssh-ng", "ssh"] as const) {
    test(`copies a closure there and back over ${scheme}://`, async () => {
      const store = rig.store(scheme, "copies");
      const path = await rig.build("second");
      await rig.nix("copy", "--no-check-sigs", "--to", store, path);
      const closure = await rig.nix("path-info", "-r", "--store", store, path);
      assert.equal(closure.split("\n").length, 2);
      await rig.run("nix-store", "--delete", path);
      await rig.nix("copy", "--no-check-sigs", "--from", store, path);
      assert.match(await rig.run("cat", path), /^second after first/);
      await rig.verifies("copies");
    });

    test(`has derivations built on it by the build hook over ${scheme}://`, async () => {
      const builders = `${rig.store(scheme, `hook-${scheme}`)} x86_64-linux - 8 1`;
      const built = await rig.run(
        "nix-build",
        "--no-out-link",
        "-j0",
        "--builders",
        builders,
        rig.file,
        "-A",
        "pair",
      );
      assert.match(built, /el-pair/);
      await rig.verifies(`hook-${scheme}`);
    });

    test(`is told why a build failed over ${scheme}://, with its last words`, async () => {
      const builders = `${rig.store(scheme, "broken")} x86_64-linux - 8 1`;
      await assert.rejects(
        rig.run("nix-build", "--no-out-link", "-j0", "--builders", builders, rig.file, "-A", "broken"),
        /it breaks here[\s\S]*failed/,
      );
    });
  }

  test("evaluates here and builds there", async () => {
    const store = rig.store("ssh-ng", "evaluated");
    await rig.nix(
      "build",
      "--no-link",
      "--eval-store",
      "auto",
      "--store",
      store,
      "-f",
      rig.file,
      "second",
      "pair",
    );
    await rig.verifies("evaluated");
  });

  test("looks after the store: verifies, optimises, finds and frees garbage", async () => {
    const store = rig.store("ssh-ng", "garbage");
    await rig.nix("build", "--no-link", "--eval-store", "auto", "--store", store, "-f", rig.file, "second");
    await rig.run("nix-store", "--store", store, "--verify", "--check-contents");
    await rig.run("nix-store", "--store", store, "--optimise");
    assert.match(await rig.run("nix-store", "--store", store, "--gc", "--print-dead"), /el-second/);
    await rig.nix("store", "gc", "--store", store);
    assert.equal(await rig.run("nix-store", "--store", store, "--gc", "--print-dead"), "");
  });

  test("may do less when it is not trusted, and says so", async () => {
    const store = rig.store("ssh-ng", "distrusting", "untrusted");
    const path = await rig.build("second");
    await assert.rejects(
      rig.nix("copy", "--no-check-sigs", "--to", store, path),
      /lacks a signature by a trusted key/,
    );
    await rig.nix("build", "--no-link", "--eval-store", "auto", "--store", store, "-f", rig.file, "second");
    await rig.verifies("distrusting");
  });

  test("passes everything on to the store behind a relay", async () => {
    const path = await rig.build("second");
    await rig.nix("copy", "--no-check-sigs", "--to", rig.relay("behind"), path);
    await rig.verifies("behind");
    assert.match(await rig.nix("path-info", "--store", rig.relay("behind"), path), /el-second/);
  });

  test("builds what is floating content-addressed", async () => {
    const builders = `${rig.store("ssh-ng", "floating", "unsigned")} x86_64-linux - 8 1 ca-derivations`;
    const built = await rig.run(
      "nix-build",
      "--no-out-link",
      "-j0",
      "--builders",
      builders,
      rig.file,
      "-A",
      "floating",
    );
    assert.match(built, /el-floating/);
    await rig.verifies("floating");
  });
}

/** How long a server may take to remove what it built in, once its client has gone. */
const LAST_REMOVAL_MS = 10_000;

/** An sshd that runs Elsewhere, and real Nix as its client. */
class Rig implements AsyncDisposable {
  readonly #folder: string;
  readonly #sshd: Sshd;
  readonly #root: NixRoot;

  private constructor(folder: string, sshd: Sshd, root: NixRoot) {
    this.#folder = folder;
    this.#sshd = sshd;
    this.#root = root;
  }

  static async make(suite: NixSuite): Promise<Rig> {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-serve-"));
    const rig = new Rig(folder, await startSshd(), new NixRoot(suite, "serve-e2e"));
    writeFileSync(rig.file, EXPRESSION);
    rig.#writeProgram("elsewhere", "");
    rig.#writeProgram("untrusted", "--force-untrusted");
    rig.#writeProgram("unsigned", "--option require-sigs false");
    return rig;
  }

  get file(): string {
    return join(this.#folder, "graph.nix");
  }

  place(name: string): string {
    return join(this.#folder, name);
  }

  door(scheme: string, as: string): string {
    return `${scheme}://${this.#sshd.host}?remote-program=${join(this.#folder, as)}`;
  }

  store(scheme: string, name: string, as = "elsewhere"): string {
    return `${this.door(scheme, as)}&remote-store=${this.place(name)}`;
  }

  /** A store that is served from another host, which is this one again. */
  relay(name: string): string {
    this.#writeProgram("relay", `--store '${this.store("ssh-ng", name)}'`);
    return this.door("ssh-ng", "relay");
  }

  async run(...command: readonly string[]): Promise<string> {
    return await this.#root.run(command, { NIX_SSHOPTS: this.#sshd.sshOptions.join(" ") });
  }

  async nix(...command: readonly string[]): Promise<string> {
    return await this.run("nix", "--extra-experimental-features", FEATURES, ...command);
  }

  async build(attribute: string): Promise<string> {
    return await this.run("nix-build", "--no-out-link", this.file, "-A", attribute);
  }

  /** Real Nix opens the store that Elsewhere made and finds nothing wrong; no build folder is left. */
  async verifies(name: string): Promise<void> {
    await this.run("nix-store", "--store", this.place(name), "--verify", "--check-contents");
    const builds = join(this.place(name), "nix/var/nix/builds");
    mkdirSync(builds, { recursive: true });
    // A client has its answer before the server has ended.
    await emptinessOf(builds, AbortSignal.timeout(LAST_REMOVAL_MS)).catch(() => undefined);
    assert.deepEqual(readdirSync(builds), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sshd[Symbol.asyncDispose]();
    this.#root[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #writeProgram(name: string, more: string): void {
    const sshOptions = this.#sshd.sshOptions.join(" ");
    const script = `#!/bin/sh\nexport NIX_SSHOPTS='${sshOptions}'\nexec ${program} "$@" ${more}\n`;
    writeFileSync(join(this.#folder, name), script, { mode: 0o755 });
  }
}
