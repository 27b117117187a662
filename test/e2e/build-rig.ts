import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";
import { DrvFolder } from "./drv-folder.ts";

export const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Compiled code is shared by all clients: each has a home of its own, and would compile and write everything anew. */
export const compiledCode = join(tmpdir(), `elsewhere-tests-compiled-${process.getuid?.() ?? ""}`);

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A client with a store, a home and a folder of derivations of its own, and builders behind a real sshd. */
export class BuildRig implements AsyncDisposable {
  readonly folder: string;
  readonly drvs: DrvFolder;
  readonly sshd: Sshd;
  readonly #root: NixRoot | undefined;

  private constructor(folder: string, sshd: Sshd, root: NixRoot | undefined) {
    this.folder = folder;
    this.sshd = sshd;
    this.#root = root;
    this.drvs = new DrvFolder(join(folder, "drvs"));
    mkdirSync(join(folder, "work"));
  }

  /** Builders run real Nix of `suite`, or where there is none, what is on this machine. */
  static async start(suite?: NixSuite): Promise<BuildRig> {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-build-"));
    const root = suite === undefined ? undefined : new NixRoot(suite, "e2e-build");
    return new BuildRig(folder, await startSshd(root ? { within: root.within } : {}), root);
  }

  /** The remote program that makes an Elsewhere builder with a store of its own. */
  elsewhereBuilder(name: string): string {
    const program = `${checkout}/bin/elsewhere serve --store ${join(this.folder, name)}`;
    return `ssh-ng://rig?remote-program=${encodeURIComponent(program)}`;
  }

  get store(): string {
    return join(this.folder, "store");
  }

  /** Runs `elsewhere` with this client's home; `words` come after the command line's own `--store`. */
  elsewhere(command: string, ...words: readonly string[]): Promise<Ran> {
    return this.run(command, ...words, "--store", this.store);
  }

  /** The same, with no store in the command line. */
  run(...args: readonly string[]): Promise<Ran> {
    const env = {
      ...process.env,
      ELSEWHERE_NODE: process.execPath,
      HOME: this.folder,
      XDG_STATE_HOME: join(this.folder, "state"),
      XDG_DATA_HOME: join(this.folder, "data"),
      XDG_CONFIG_HOME: join(this.folder, "config"),
      NIX_CONF_DIR: join(this.folder, "etc"),
      NIX_SSHOPTS: this.sshd.sshOptions.join(" "),
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: compiledCode,
    };
    const cwd = join(this.folder, "work");
    return new Promise((resolve) =>
      execFile(`${checkout}/bin/elsewhere`, args, { env, cwd }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sshd[Symbol.asyncDispose]();
    this.#root?.[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
