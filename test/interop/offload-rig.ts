import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { type ServerProcess, startServer } from "#rig/process.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";
import { MATRIX, PROGRAM } from "./served.ts";

export const HOOK = fileURLToPath(new URL("../../bin/elsewhere-hook", import.meta.url));

/** Real Nix with a store of its own, a stock builder of the same release behind a real sshd, and Elsewhere between them. */
export class OffloadRig implements AsyncDisposable {
  readonly folder: string;
  readonly client: NixRoot;
  readonly #builder: NixRoot;
  readonly #sshd: Sshd;
  readonly #open: AsyncDisposableStack;
  #tags = 0;

  private constructor(parts: {
    folder: string;
    client: NixRoot;
    builder: NixRoot;
    sshd: Sshd;
    open: AsyncDisposableStack;
  }) {
    this.folder = parts.folder;
    this.client = parts.client;
    this.#builder = parts.builder;
    this.#sshd = parts.sshd;
    this.#open = parts.open;
  }

  static async start(suite: NixSuite): Promise<OffloadRig> {
    const open = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-offload-"));
    // Another user comes to the socket in it.
    chmodSync(folder, 0o711);
    open.defer(() => rmSync(folder, { recursive: true, force: true }));
    const [client, builder] = [
      open.use(new NixRoot(suite, "offload-client")),
      open.use(new NixRoot(suite, "offload-builder")),
    ];
    for (const root of [client, builder]) await root.run(["nix-store", "--init"]);
    const sshd = open.use(await startSshd({ within: builder.within }));
    mkdirSync(join(folder, "home"));
    return new OffloadRig({ folder, client, builder, sshd, open });
  }

  /** A line of the machines file. */
  machine({ scheme = "ssh-ng", jobs = 4, features = "big-parallel,benchmark,ca-derivations" } = {}): string {
    return `${scheme}://rig x86_64-linux - ${jobs} 1 ${features}`;
  }

  get environment(): Record<string, string> {
    return {
      HOME: join(this.folder, "home"),
      NIX_SSHOPTS: this.#sshd.sshOptions.join(" "),
      ELSEWHERE_NODE: process.execPath,
      ELSEWHERE_RUNTIME_DIR: this.runtimeFolder,
      XDG_RUNTIME_DIR: "",
    };
  }

  get runtimeFolder(): string {
    return join(this.folder, "run");
  }

  /** The resident process of the hook, while one listens. */
  get residentPid(): number | undefined {
    const file = join(this.runtimeFolder, "resident");
    return existsSync(file) ? Number(readFileSync(file, "utf8").split(" ")[0]) : undefined;
  }

  /** Words for derivations that nobody has built. */
  fresh(): readonly string[] {
    return [MATRIX, "--argstr", "tag", this.tag()];
  }

  tag(): string {
    return `o${process.pid}-${++this.#tags}`;
  }

  /** Elsewhere's daemon beside the client, in front of its store; its URI. */
  async openDoor(name = "door", more: readonly string[] = []): Promise<string> {
    const socket = join(this.folder, name);
    const command = [PROGRAM, "daemon", "--socket", socket, "--builders", this.machine(), ...more];
    this.#open.use(
      await startServer([...this.client.within, "env", ...this.#words(), ...command], { socket }),
    );
    return `unix://${socket}`;
  }

  /** The client's own Nix daemon. */
  async startDaemon(env: Record<string, string> = {}): Promise<ServerProcess> {
    const socket = join(this.client.nixFolder, "var/nix/daemon-socket/socket");
    mkdirSync(dirname(socket), { recursive: true });
    return await startServer([...this.client.within, "env", ...this.#words(env), "nix-daemon"], { socket });
  }

  async run(command: readonly string[], env: Record<string, string> = {}): Promise<string> {
    return await this.client.run(command, { ...this.environment, ...env });
  }

  async attempt(command: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return await this.client.attempt(command, { ...this.environment, ...env });
  }

  /** Starts a command in the client that goes on beside the test. */
  start(command: readonly string[], env: Record<string, string> = {}): Running {
    return new Running([...this.client.within, "env", ...this.#words(env), ...command]);
  }

  #words(env: Record<string, string> = {}): string[] {
    return Object.entries({ ...this.environment, ...env }).map(([name, value]) => `${name}=${value}`);
  }

  /** Words of `nix-build` that has the hook do all. */
  throughHook(...words: readonly string[]): readonly string[] {
    const hook = ["--option", "build-hook", HOOK, "--builders", this.machine()];
    return ["nix-build", "--no-out-link", "-j0", ...hook, ...words];
  }

  /** Whether the builder has the output of a finished build of that name. */
  async builderHas(path: string): Promise<boolean> {
    return (await this.#builder.attempt(["nix-store", "--check-validity", path])).code === 0;
  }

  /** Processes of builders that run now, by a word of their command lines. */
  async builds(word: string): Promise<string> {
    return (await this.#builder.attempt(["pgrep", "-f", word])).said.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.residentPid !== undefined) process.kill(this.residentPid, "SIGTERM");
    await this.#open[Symbol.asyncDispose]();
  }
}

/** A command as a user whom nobody trusts. */
export function asNobody(command: readonly string[]): readonly string[] {
  const user = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
  return ["setpriv", ...user, "env", "HOME=/nonexistent", "XDG_CACHE_HOME=/nonexistent", ...command];
}

/** A command that runs. */
export class Running {
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;
  said = "";

  constructor(command: readonly string[]) {
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    for (const output of [this.#child.stdout!, this.#child.stderr!])
      output.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    this.ended = once(this.#child, "close").then(([code]) => code as number | null);
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }
}
