import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLocalRealiser } from "#build/local/open.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";
import { openLocalStore } from "#store/local/open.ts";
import { processesMarked, type SeenProcess, untilNone } from "./processes.ts";

/** Stores of the rig: the client's, and one of each builder. */
export const BUILDERS = ["anna", "bert"] as const;
export type Builder = (typeof BUILDERS)[number];
export const STORES = ["client", ...BUILDERS] as const;
export type StoreName = (typeof STORES)[number];

/** How a command of ours ended, and what it said. */
export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly said: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

/** A client and two builders behind sshd, each with a store of its own, all below one folder. */
export class ChaosRig implements AsyncDisposable {
  /** Occurs in the command line of every process of the rig's. */
  readonly folder: string;
  readonly #sshds: ReadonlyMap<StoreName, Sshd>;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #pristine = new Map<StoreName, string[]>();

  private constructor(folder: string, sshds: ReadonlyMap<StoreName, Sshd>, environment: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.#sshds = sshds;
    this.#environment = environment;
  }

  static async open(): Promise<ChaosRig> {
    // Below /tmp, where roots with real Nix see it too.
    const folder = mkdtempSync("/tmp/chaos-");
    for (const made of ["tmp", "home", "client-etc", "builder-etc"]) mkdirSync(join(folder, made));
    writeFileSync(join(folder, "builder-etc/nix.conf"), "substitute = false\nauto-optimise-store = true\n");
    const sshds = new Map<StoreName, Sshd>();
    for (const name of BUILDERS) {
      const words = [
        "env",
        `NIX_CONF_DIR=${folder}/builder-etc`,
        `TMPDIR=${folder}/tmp`,
        `XDG_CACHE_HOME=${folder}/home/cache`,
        PROGRAM,
      ];
      const command = `${words.join(" ")} serve --store ${join(folder, name)}`;
      sshds.set(name, await startSshd({ config: [`ForceCommand ${command}`] }));
    }
    const environment = {
      PATH: process.env.PATH,
      HOME: join(folder, "home"),
      TMPDIR: join(folder, "tmp"),
      NIX_CONF_DIR: join(folder, "client-etc"),
      XDG_STATE_HOME: join(folder, "home/state"),
      XDG_CACHE_HOME: join(folder, "home/cache"),
    };
    const rig = new ChaosRig(folder, sshds, environment);
    rig.#configureClient();
    for (const name of STORES) await rig.#makeStore(name);
    return rig;
  }

  storeFolder(name: StoreName): string {
    return join(this.folder, name);
  }

  /** The URI by which ssh reaches a builder's store. */
  uriOf(builder: Builder): string {
    const sshd = this.#sshds.get(builder)!;
    const parameters = `ssh-key=${sshd.keyFile}&base64-ssh-public-host-key=${encodeURIComponent(sshd.publicHostKey)}`;
    return `ssh-ng://${sshd.user}@127.0.0.1:${sshd.port}?${parameters}`;
  }

  /** Starts the program as the client. */
  start(...args: string[]): Running {
    const child = spawn(PROGRAM, args, {
      cwd: this.folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { pid: child.pid!, ended: endOf(child) };
  }

  async succeed(...args: string[]): Promise<void> {
    const { code, said } = await this.start(...args).ended;
    assert.equal(code, 0, `elsewhere ${args.join(" ")}: ${said}`);
  }

  /** The builders' server processes. */
  servers(): SeenProcess[] {
    return processesMarked(this.folder).filter(
      ({ command }) => /(main\.ts|elsewhere\.js) serve/.test(command) && !command.startsWith("sshd"),
    );
  }

  /** Processes of the rig's that outlive what they were for; sshd itself is none. */
  async strays(): Promise<SeenProcess[]> {
    return await untilNone(() => processesMarked(this.folder), PATIENCE_MS);
  }

  /** Reads every file of every store and holds it against its record. */
  async verify(): Promise<void> {
    for (const name of STORES) {
      const said: string[] = [];
      await using store = await openLocalStore({
        root: this.storeFolder(name),
        environment: {},
        report: (text) => said.push(text),
      });
      const isDamaged = await store.verify({ checkContents: true, repair: false });
      assert.equal(isDamaged, false, `${name}: ${said.join("\n")}`);
      assert.deepEqual(said, [], name);
      const all = await store.queryAllValidPaths();
      assert.equal((await store.queryClosure(all)).length, all.size, `${name}: a closure is not whole`);
    }
  }

  /** Where a store path of the client's lies. */
  clientFile(path: StorePath): string {
    return `${this.storeFolder("client")}${DEFAULT_STORE_DIR}/${path}`;
  }

  /** Collects everything, and holds each store to be as empty as it was in the beginning. */
  async collect(): Promise<void> {
    for (const name of BUILDERS) await this.#beginToBuild(name);
    for (const name of STORES) {
      await this.succeed("gc", "--store", this.storeFolder(name));
      const pristine = this.#pristine.get(name);
      const left = this.#namesIn(name);
      if (pristine) assert.deepEqual(left, pristine, `${name} after a collection`);
      else this.#pristine.set(name, left);
    }
    assert.deepEqual(readdirSync(join(this.folder, "tmp")), [], "temporary folders");
    assert.deepEqual(mountsBelow(this.folder), [], "mounts");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of processesMarked(this.folder)) process.kill(pid, "SIGKILL");
    for (const sshd of this.#sshds.values()) await sshd[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As a server does when it is first asked to build: what killed ones left goes. */
  async #beginToBuild(name: StoreName): Promise<void> {
    await using store = await openLocalStore({ root: this.storeFolder(name), environment: {} });
    await using _ = await openLocalRealiser(store, {
      sandbox: "bubblewrap",
      searchPath: process.env.PATH ?? "",
    });
  }

  #configureClient(): void {
    const machines = BUILDERS.map((name) => {
      const { user, port, keyFile, publicHostKey } = this.#sshds.get(name)!;
      return `ssh-ng://${user}@127.0.0.1:${port} x86_64-linux ${keyFile} 3 1 - - ${publicHostKey}\n`;
    });
    writeFileSync(join(this.folder, "client-etc/machines"), machines.join(""));
    const settings = [
      `builders = @${this.folder}/client-etc/machines`,
      `store = ${this.storeFolder("client")}`,
      "max-jobs = 0",
      "substitute = false",
    ];
    writeFileSync(join(this.folder, "client-etc/nix.conf"), `${settings.join("\n")}\n`);
  }

  async #makeStore(name: StoreName): Promise<void> {
    const root = this.storeFolder(name);
    mkdirSync(root);
    await using store = await openLocalStore({ root, environment: {} });
    await store.verify({ checkContents: false, repair: false });
    for (const made of [store.physicalStoreDir, `${store.stateDir}/builds`, store.physicalStoreDir + LINKS])
      mkdirSync(made, { recursive: true });
  }

  /** Everything in a store's folders but the database's own files, logs, and what real Nix makes by opening it. */
  #namesIn(name: StoreName): string[] {
    const root = `${this.storeFolder(name)}/nix`;
    return readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((file) => !/^var\/(log$|log\/|nix\/db\/|nix\/\w+\/per-user)/.test(file))
      .sort();
  }
}

function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(folder));
}

function endOf(child: ChildProcess): Promise<Ended> {
  let said = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-SAID_MAX);
    });
  return new Promise((resolve) => child.once("exit", (code) => resolve({ code, said })));
}

/** Where a store keeps what equal files share. */
const LINKS = "/.links";
const PROGRAM = join(import.meta.dirname, "../../bin/elsewhere");
/** How long what lost its other end may take to notice and to end, in milliseconds. */
const PATIENCE_MS = 60_000;
/** Characters kept of what a command said. */
const SAID_MAX = 100_000;
