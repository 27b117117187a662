import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A client with a home and a configuration of its own, and a builder whose user has a home of its own, too. */
export class SetupRig implements AsyncDisposable {
  readonly folder: string;
  readonly sshd: Sshd;
  readonly #root: NixRoot | undefined;

  private constructor(folder: string, sshd: Sshd, root: NixRoot | undefined) {
    this.folder = folder;
    this.sshd = sshd;
    this.#root = root;
  }

  /** The builder has real Nix of `suite`, or else Elsewhere in its home. */
  static async start(suite?: NixSuite): Promise<SetupRig> {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-setup-"));
    for (const name of ["home", "etc", "there/.ssh"]) mkdirSync(join(folder, name), { recursive: true });
    const root = suite === undefined ? undefined : new NixRoot(suite, "setup");
    const sshd = await startSshd({
      ...(root && { within: root.within }),
      config: [
        `SetEnv HOME=${folder}/there`,
        `AuthorizedKeysFile ${folder}/login_keys ${folder}/there/.ssh/authorized_keys`,
      ],
    });
    if (!root) {
      mkdirSync(join(folder, "there/elsewhere/bin"), { recursive: true });
      symlinkSync(`${checkout}bin/elsewhere`, join(folder, "there/elsewhere/bin/elsewhere"));
    }
    const rig = new SetupRig(folder, sshd, root);
    rig.openOwnLogin();
    return rig;
  }

  get authorizedKeys(): string {
    return join(this.folder, "there/.ssh/authorized_keys");
  }

  /** From now on only keys that set-up put there may log in. */
  closeOwnLogin(): void {
    rmSync(join(this.folder, "login_keys"));
  }

  openOwnLogin(): void {
    cpSync(join(this.sshd.folder, "authorized_keys"), join(this.folder, "login_keys"));
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  modeOf(path: string): number {
    return statSync(join(this.folder, path)).mode & 0o777;
  }

  /** Every file that set-up may touch, with its contents, but for what it remembers itself. */
  snapshot(): ReadonlyMap<string, string> {
    const files = ["home", "etc", "there"].flatMap((name) =>
      readdirSync(join(this.folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    const kept = files.filter((file) => !/\/(state|\.cache|elsewhere-store)\//.test(file));
    return new Map(kept.sort().map((file) => [file.slice(this.folder.length), readFileSync(file, "utf8")]));
  }

  elsewhere(...words: readonly string[]): Promise<Ran> {
    const env = {
      ...process.env,
      ELSEWHERE_NODE: process.execPath,
      HOME: join(this.folder, "home"),
      XDG_STATE_HOME: join(this.folder, "home/state"),
      XDG_CONFIG_HOME: join(this.folder, "home/.config"),
      NIX_CONF_DIR: join(this.folder, "etc"),
      NIX_USER_CONF_FILES: "",
      NIX_SSHOPTS: this.sshd.sshOptions.join(" "),
      NO_COLOR: "1",
    };
    return new Promise((resolve) => {
      const child = execFile(`${checkout}bin/elsewhere`, words, { env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
      child.stdin?.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sshd[Symbol.asyncDispose]();
    this.#root?.[Symbol.dispose]();
    const store = join(this.folder, "there/elsewhere-store");
    if (existsSync(store)) execFile("chmod", ["-R", "u+w", store], () => undefined);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
