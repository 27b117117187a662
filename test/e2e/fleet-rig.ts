import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Deferred } from "#base/deferred.ts";
import { ByteMeter } from "#rig/byte-meter.ts";
import { NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { introduce } from "#rig/ssh-names.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";
import { checkout, compiledCode, type Ran } from "./build-rig.ts";
import { DrvFolder } from "./drv-folder.ts";

export interface BuilderSpec {
  /** Real Nix of this suite; an Elsewhere builder where absent. */
  readonly suite?: NixSuite;
  /** An Elsewhere builder behind a forced command with these flags, instead of a shell account. */
  readonly forced?: string;
  readonly features?: string;
  readonly maxJobs?: number;
  /** Where an Elsewhere builder has its store. */
  readonly store?: string;
  /** Other builders reach it; true where it is not said. */
  readonly isReachable?: boolean;
}

/** A builder behind an sshd of its own, which the client reaches by a way that counts bytes. */
export class FleetBuilder {
  readonly name: string;
  readonly sshd: Sshd;
  readonly meter: ByteMeter;
  readonly root: NixRoot | undefined;
  readonly machine: string;

  constructor(parts: Pick<FleetBuilder, "name" | "sshd" | "meter" | "root" | "machine">) {
    this.name = parts.name;
    this.sshd = parts.sshd;
    this.meter = parts.meter;
    this.root = parts.root;
    this.machine = parts.machine;
  }
}

/** A client and builders that know each other by name, each with a key of its own, all on loopback. */
export class FleetRig implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-fleet-"));
  readonly drvs = new DrvFolder(join(this.folder, "drvs"));
  readonly builders = new Map<string, FleetBuilder>();
  readonly #open = new AsyncDisposableStack();
  readonly #clients = new Set<ChildProcess>();

  /** What builds have said by `say`, in their order, whoever builds. */
  readonly said: string[] = [];
  readonly #waiting = new Set<() => void>();
  /** Builders show its pipes to builds, which have nothing else of ours. */
  readonly #pipes = join(this.folder, "pipes");
  readonly #bell = join(this.#pipes, "bell");
  readonly #gate = join(this.#pipes, "gate");
  readonly #gateKeeper: number;

  constructor() {
    for (const folder of ["work", "pipes"]) mkdirSync(join(this.folder, folder));
    execFileSync("mkfifo", ["-m", "666", this.#bell, this.#gate]);
    // Open in both ways: it neither waits for whoever reads nor ends with who has written.
    const gate = openSync(this.#gate, "r+");
    this.#gateKeeper = gate;
    this.#open.defer(() => closeSync(gate));
    // Open for writing too: otherwise it would end with the first build that has spoken.
    const listener = spawn("sh", ["-c", 'exec cat <> "$1"', "sh", this.#bell], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: listener.stdout }).on("line", (line) => {
      this.said.push(line);
      for (const look of this.#waiting) look();
    });
    this.#open.defer(() => void listener.kill());
    mkdirSync(join(this.folder, "etc"));
    writeFileSync(join(this.folder, "etc/nix.conf"), "substituters =\n");
    writeFileSync(this.#config("client"), "");
    writeFileSync(this.#config("peers"), "");
  }

  async add(
    name: string,
    spec: BuilderSpec = {},
    scheme: "ssh-ng" | "ssh" = "ssh-ng",
  ): Promise<FleetBuilder> {
    const root = spec.suite && this.#open.use(new NixRoot(spec.suite, `engine-fleet-${name}`));
    const sshd = this.#open.use(
      await startSshd({
        ...(root && { within: root.within }),
        config: [
          // How a builder reaches the others, as root's own ssh_config would say.
          `SetEnv "NIX_SSHOPTS=-F ${this.#config("peers")}" ELSEWHERE_NODE=${process.execPath}`,
          ...(spec.forced === undefined ? [] : [`ForceCommand ${this.#serve(name, spec)} ${spec.forced}`]),
        ],
      }),
    );
    const meter = this.#open.use(await ByteMeter.to(sshd.port));
    introduce(this.#config("client"), { name, sshd, port: meter.port });
    if (spec.isReachable !== false) introduce(this.#config("peers"), { name, sshd, port: sshd.port });
    const builder = new FleetBuilder({ name, sshd, meter, root, machine: this.#machine(name, spec, scheme) });
    this.builders.set(name, builder);
    return builder;
  }

  /** Shell words by which a build says something to `said`. */
  say(text: string): string {
    return `echo ${text} >> ${this.#bell}`;
  }

  /** Shell words by which a build waits until it is let go. */
  get wait(): string {
    return `read go < ${this.#gate}`;
  }

  /** Lets one build go that waits or will wait. */
  letGo(): void {
    writeSync(this.#gateKeeper, "\n");
  }

  /** Resolves when builds have said so many things. */
  async hasSaid(count: number): Promise<void> {
    const reached = new Deferred<void>();
    const look = () => {
      if (this.said.length >= count) reached.resolve();
    };
    this.#waiting.add(look);
    look();
    await reached.promise;
    this.#waiting.delete(look);
  }

  /** Bytes over all connections between the client and the builders so far. */
  get clientBytes(): number {
    return [...this.builders.values()].reduce((sum, { meter }) => sum + meter.bytes, 0);
  }

  get store(): string {
    return join(this.folder, "store");
  }

  /** Where clients keep what they remember. */
  get stateDir(): string {
    return join(this.folder, "state/elsewhere");
  }

  get home(): string {
    return this.folder;
  }

  /** Runs `elsewhere build` of a derivation's file on every builder. */
  async build(file: string, ...words: readonly string[]): Promise<Ran> {
    const client = this.start(file, ...words);
    return await client.ended;
  }

  start(file: string, ...words: readonly string[]): Client {
    const builders = [...this.builders.values()].map(({ machine }) => machine).join("; ");
    const args = ["build", file, "-j0", "--builders", builders, "--store", this.store, ...words];
    const client = new Client(args, this.#environment(), join(this.folder, "work"));
    this.#clients.add(client.child);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#clients) child.kill("SIGKILL");
    await this.#open.disposeAsync();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ELSEWHERE_NODE: process.execPath,
      HOME: this.folder,
      XDG_STATE_HOME: join(this.folder, "state"),
      XDG_DATA_HOME: join(this.folder, "data"),
      XDG_CONFIG_HOME: join(this.folder, "config"),
      NIX_CONF_DIR: join(this.folder, "etc"),
      NIX_SSHOPTS: `-F ${this.#config("client")}`,
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: compiledCode,
    };
  }

  #machine(name: string, spec: BuilderSpec, scheme: string): string {
    const { suite, forced, features = "-", maxJobs = 2 } = spec;
    const program =
      suite || forced !== undefined ? "" : `?remote-program=${encodeURIComponent(this.#serve(name, spec))}`;
    return `${scheme}://${name}${program} x86_64-linux - ${maxJobs} 1 ${features} -`;
  }

  #serve(name: string, { store = join(this.folder, name) }: BuilderSpec): string {
    return `${checkout}bin/elsewhere serve --store ${store} --option sandbox-paths=${this.#pipes}`;
  }

  #config(whose: string): string {
    return join(this.folder, `${whose}_config`);
  }
}

/** An `elsewhere build` that runs. */
export class Client {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  out = "";
  err = "";
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
    this.child = spawn(`${checkout}bin/elsewhere`, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout!.on("data", (text: Buffer) => (this.out += text));
    this.child.stderr!.on("data", (text: Buffer) => {
      this.err += text;
      for (const listener of this.#listeners) listener();
    });
    this.ended = new Promise((resolve) =>
      this.child.once("close", (code) => resolve({ code: code ?? -1, out: this.out, err: this.err })),
    );
  }

  /** Resolves once what it wrote for people has `pattern` in it. */
  async says(pattern: RegExp): Promise<void> {
    if (pattern.test(this.err)) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!pattern.test(this.err)) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
    });
  }
}
