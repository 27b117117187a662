import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { startServer } from "#rig/process.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";

/** The ways in which a client of Nix reaches Elsewhere. */
export const DOORS = [
  "ssh-ng:// by a forced command",
  "ssh-ng:// by remote-program",
  "ssh:// by a forced command",
  "ssh:// by remote-program",
  "unix://",
] as const;
export type DoorName = (typeof DOORS)[number];

/** Elsewhere with a store of its own behind one door, and real Nix, with its own, in front of it. */
export class Served implements AsyncDisposable {
  /** What the client calls Elsewhere's store. */
  readonly uri: string;
  readonly nix: NixRoot;
  /** Elsewhere's store: a folder with `nix/store` in it. */
  readonly store: string;
  readonly #environment: Record<string, string>;
  readonly #open: AsyncDisposableStack;
  #builds = 0;

  private constructor(
    parts: { uri: string; nix: NixRoot; folder: string; open: AsyncDisposableStack },
    sshOptions = "",
  ) {
    this.uri = parts.uri;
    this.nix = parts.nix;
    this.store = storeIn(parts.folder);
    this.#open = parts.open;
    this.#environment = sshOptions === "" ? {} : { NIX_SSHOPTS: sshOptions };
  }

  static async behind(door: DoorName, suite: NixSuite): Promise<Served> {
    const open = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-served-"));
    open.defer(() => rmSync(folder, { recursive: true, force: true }));
    const nix = open.use(new NixRoot(suite, "client"));
    await nix.run(["nix-store", "--init"]);
    configure(folder);
    if (door === "unix://") {
      // A client that is told of a socket reads the store's files itself: it must know where they lie.
      open.use(await listening(folder));
      return new Served({ uri: `unix://${socketIn(folder)}?root=${storeIn(folder)}`, nix, folder, open });
    }
    const isForced = door.endsWith("forced command");
    const sshd = open.use(await startSshd({ config: isForced ? [`ForceCommand ${serving(folder)}`] : [] }));
    const uri = `${door.split(" ")[0]}${sshd.host}${isForced ? "" : `?remote-program=${wrapped(folder)}`}`;
    return new Served({ uri, nix, folder, open }, sshOptionsOf(sshd));
  }

  /** Whether the worker protocol is spoken, which has words for more. */
  get speaksDaemon(): boolean {
    return !this.uri.startsWith("ssh://");
  }

  /** Runs a command of the client; what it printed. */
  async run(...command: readonly string[]): Promise<string> {
    return await this.nix.run(command, this.#environment);
  }

  async nixCommand(...words: readonly string[]): Promise<string> {
    return await this.run("nix", ...words);
  }

  /** Runs a command of the client that may fail. */
  async attempt(...command: readonly string[]): Promise<Ended> {
    return await this.nix.attempt(command, this.#environment);
  }

  /** The words of `matrix.nix` for `nix build` and `nix-build`, with derivations that nobody has built. */
  matrix(): readonly string[] {
    return ["-f", MATRIX, "--argstr", "tag", this.tag()];
  }

  tag(): string {
    return `m${process.pid}-${++this.#builds}`;
  }

  /** Builds on the client itself; the path of the output. */
  async buildOnClient(attribute: string): Promise<string> {
    return await this.run(
      "nix-build",
      "--no-out-link",
      MATRIX,
      "--argstr",
      "tag",
      this.tag(),
      "-A",
      attribute,
    );
  }

  /** Builds in Elsewhere's store from derivations of the client's; what `nix build --json` says. */
  async buildInStore(...attributes: readonly string[]): Promise<readonly Built[]> {
    const words = ["--no-link", "--json", "--eval-store", "auto", "--store", this.uri, ...this.matrix()];
    return JSON.parse(await this.nixCommand("build", ...words, ...attributes)) as Built[];
  }

  /** Where a path of Elsewhere's store lies on this machine. */
  file(path: string): string {
    return `${this.store}${path}`;
  }

  /** Real Nix opens Elsewhere's store, too, and finds nothing amiss. */
  async assertIsWhole(): Promise<void> {
    const { code, said } = await this.attempt(
      "nix-store",
      "--store",
      this.store,
      "--verify",
      "--check-contents",
    );
    assert.equal(code, 0, said);
    assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

export interface Built {
  readonly drvPath: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export const MATRIX = fileURLToPath(new URL("matrix.nix", import.meta.url));
export const PROGRAM = fileURLToPath(new URL("../../bin/elsewhere", import.meta.url));

function sshOptionsOf(sshd: Sshd): string {
  return sshd.sshOptions.join(" ");
}

function configure(folder: string): void {
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/nix.conf"), "system-features = big-parallel benchmark\n");
}

function serving(folder: string): string {
  return `env NIX_CONF_DIR=${folder}/etc ${PROGRAM} serve --store ${storeIn(folder)}`;
}

/** A program for `remote-program`, which is called as Nix's own are. */
function wrapped(folder: string): string {
  const file = join(folder, "nix-of-elsewhere");
  const script = `#!/bin/sh\nexec env NIX_CONF_DIR=${folder}/etc ${PROGRAM} "$@" --store ${storeIn(folder)}\n`;
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

async function listening(folder: string): Promise<AsyncDisposable> {
  return await startServer([PROGRAM, "serve", "--store", storeIn(folder), "--socket", socketIn(folder)], {
    socket: socketIn(folder),
    env: { ...process.env, NIX_CONF_DIR: join(folder, "etc") },
  });
}

function storeIn(folder: string): string {
  return join(folder, "store");
}

function socketIn(folder: string): string {
  return join(folder, "socket");
}
