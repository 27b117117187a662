import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ended, NixRoot } from "#rig/nix-root.ts";
import { MATRIX, PROGRAM } from "./served.ts";

/** What `elsewhere build --json` tells. */
export interface Report {
  readonly complete: boolean;
  readonly requested: readonly {
    readonly drvPath: string;
    readonly outputs: Readonly<Record<string, string>>;
    readonly origins: Readonly<Record<string, { readonly kind: string; readonly builder?: string }>>;
  }[];
  readonly builds: readonly {
    readonly drvPath: string;
    readonly kind: string;
    readonly builder?: string;
    readonly how?: string;
    readonly outputs?: Readonly<Record<string, string>>;
  }[];
}

/** `elsewhere build` on a machine with a store, a home and a configuration of its own. */
export class ElsewhereClient implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-client-"));
  readonly store = join(this.folder, "store");
  readonly #nix: NixRoot;

  /** Evaluates with the Nix of a root. */
  constructor(nix: NixRoot) {
    this.#nix = nix;
    for (const made of ["etc", "home"]) mkdirSync(join(this.folder, made));
  }

  /** Derivations of `matrix.nix` that nobody has built, in this machine's store. */
  async instantiate(tag: string, ...attributes: readonly string[]): Promise<string[]> {
    const selected = attributes.flatMap((attribute) => ["-A", attribute]);
    const words = ["--quiet", "--store", this.store, MATRIX, "--argstr", "tag", tag, ...selected];
    return (await this.#nix.run(["nix-instantiate", ...words])).split("\n");
  }

  /** Builds, never here; what the report says, or undefined where there is none. */
  async build(
    machines: readonly string[],
    ...words: readonly string[]
  ): Promise<Ended & { readonly report: Report | undefined }> {
    const builders = ["--max-jobs", "0", "--builders", machines.join(";"), "--store", this.store];
    const { code, said, out } = await this.run("build", "--no-link", "--json", ...builders, ...words);
    return { code, said, report: out === "" ? undefined : (JSON.parse(out) as Report) };
  }

  async run(...words: readonly string[]): Promise<Ended & { readonly out: string }> {
    const env = {
      ...process.env,
      HOME: join(this.folder, "home"),
      NIX_CONF_DIR: join(this.folder, "etc"),
      XDG_STATE_HOME: join(this.folder, "state"),
      NIX_CONFIG: "substitute = false",
    };
    return await new Promise((resolve) =>
      execFile(PROGRAM, words, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, said: stderr, out: stdout.trim() }),
      ),
    );
  }

  /** Where a path of this machine's store lies. */
  file(path: string): string {
    return `${this.store}${path}`;
  }

  /** What real Nix says of the store that Elsewhere filled. */
  async verify(): Promise<Ended> {
    return await this.#nix.attempt(["nix-store", "--store", this.store, "--verify", "--check-contents"]);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
