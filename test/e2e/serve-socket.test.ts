import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";

const program = fileURLToPath(new URL("../../bin/elsewhere", import.meta.url));

const EXPRESSION = `rec {
  sh = name: cmd: derivation { inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" cmd ]; };
  first = sh "el-first" "echo first > $out; echo made first";
  second = sh "el-second" "read x < \${first}; echo second after $x \${first} > $out; echo made second";
  endless = sh "el-endless" "echo begun; while :; do :; done";
  random = sh "el-random" "read x < /proc/sys/kernel/random/uuid; echo $x > $out";
}`;

for (const suite of NIX_SUITES)
  describe(`real Nix of ${suite} with Elsewhere as its daemon`, { skip: withoutNix(suite) }, () =>
    stories(suite),
  );

function stories(suite: NixSuite): void {
  let rig: Rig;
  before(async () => {
    rig = await Rig.make(suite);
  });
  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  test("builds into the store that both share, and keeps what a root holds", async () => {
    const link = join(rig.folder, "result");
    await rig.run("nix-build", "-o", link, rig.file, "-A", "second");
    assert.match(await rig.run("cat", link), /^second after first/);
    await rig.run("nix-store", "--gc");
    assert.match(await rig.run("cat", link), /^second after first/);
    assert.match(await rig.run("nix-store", "--gc", "--print-roots"), /result"? -> /);
  });

  test("trusts root, shows logs, adds, exports, imports, verifies and optimises", async () => {
    const path = await rig.run("nix-build", "--no-out-link", rig.file, "-A", "second");
    const deriver = await rig.run("nix-store", "-q", "--deriver", path);
    assert.match(await rig.run("nix-store", "--read-log", deriver), /made second/);
    await rig.run("nix-store", "--add", rig.file);
    await rig.run("sh", "-c", `nix-store --export $(nix-store -qR ${path}) > ${rig.folder}/export`);
    await rig.run("sh", "-c", `nix-store --import < ${rig.folder}/export`);
    await rig.run("nix-store", "--optimise");
    await rig.run("nix-store", "--verify", "--check-contents");
  });

  test("finds out what does not build the same twice", async () => {
    await rig.run("nix-build", "--no-out-link", rig.file, "-A", "random");
    await assert.rejects(
      rig.run("nix-build", "--check", "--no-out-link", rig.file, "-A", "random"),
      /may not be deterministic/,
    );
  });

  test("stops a build at its time limit, and one whose client is killed, and leaves nothing of either", async () => {
    await assert.rejects(
      rig.run("nix-build", "--timeout", "1", "--no-out-link", rig.file, "-A", "endless"),
      /timed out after 1 seconds/,
    );
    await assert.rejects(rig.run("timeout", "3", "nix-build", "--no-out-link", rig.file, "-A", "endless"));
    assert.equal(await rig.stop(), 0);
    assert.deepEqual(readdirSync(rig.buildsFolder), []);
  });
}

/** Elsewhere on this machine as the daemon of a store that real Nix sees as its `/nix`. */
class Rig implements AsyncDisposable {
  readonly folder: string;
  readonly #root: NixRoot;
  readonly #daemon: ChildProcess;
  readonly #ended: Promise<number | null>;

  private constructor(folder: string, root: NixRoot) {
    this.folder = folder;
    this.#root = root;
    const args = ["serve", "--socket", this.#socket, "--store", dirname(root.nixFolder)];
    this.#daemon = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    this.#ended = new Promise((resolve) => this.#daemon.once("exit", resolve));
  }

  static async make(suite: NixSuite): Promise<Rig> {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-daemon-"));
    const root = new NixRoot(suite, "daemon-e2e");
    await root.run(["true"]);
    const rig = new Rig(folder, root);
    writeFileSync(rig.file, EXPRESSION);
    await rig.#listening();
    return rig;
  }

  get file(): string {
    return join(this.folder, "graph.nix");
  }

  get buildsFolder(): string {
    return join(this.#root.nixFolder, "var/nix/builds");
  }

  async run(...command: readonly string[]): Promise<string> {
    return await this.#root.run(command, { NIX_REMOTE: `unix://${this.#socket}` });
  }

  /** Ends the daemon as systemd would; its exit code. */
  async stop(): Promise<number | null> {
    this.#daemon.kill("SIGTERM");
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#root[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.folder, "socket");
  }

  async #listening(): Promise<void> {
    const changes = watch(this.folder);
    const appeared = new Promise<void>((resolve) => {
      changes.on("change", () => existsSync(this.#socket) && resolve());
      if (existsSync(this.#socket)) resolve();
    });
    await Promise.race([appeared, this.#ended.then(() => Promise.reject(new Error("the daemon ended")))]);
    changes.close();
  }
}
