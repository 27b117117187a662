import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnosis, exitCodeOf, findingsOf, type PlacedFinding } from "#doctor/diagnose.ts";
import type { FindingCode } from "#doctor/finding.ts";
import { examine } from "#main/examine.ts";
import { startServer } from "#rig/process.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";

export const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** How a case differs from a machine that is in order. */
export interface CaseOptions {
  /** Lines of the machines file. */
  readonly machines: readonly string[];
  /** More of nix.conf. */
  readonly conf?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Words for ssh, before those that lead to the rig's sshd. */
  readonly sshOptions?: readonly string[];
  /** The sshd that `rig` is; the rig's own where absent. */
  readonly sshd?: Sshd;
  readonly overrides?: readonly (readonly [string, string])[];
}

/** A client with a configuration of its own, and an sshd on this machine. */
export class DoctorRig implements AsyncDisposable {
  readonly folder: string;
  readonly sshd: Sshd;
  readonly #open = new AsyncDisposableStack();
  #cases = 0;

  private constructor(folder: string, sshd: Sshd) {
    this.folder = folder;
    this.sshd = sshd;
  }

  static async start(): Promise<DoctorRig> {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-doctor-"));
    chmodSync(folder, 0o755);
    return new DoctorRig(folder, await startSshd());
  }

  /** An Elsewhere builder with a store of its own, as a machine's URI. */
  elsewhere(store: string, ...words: readonly string[]): string {
    const program = [`${checkout}/bin/elsewhere`, "serve", "--store", join(this.folder, store), ...words];
    return `ssh-ng://rig?remote-program=${encodeURIComponent(program.join(" "))}`;
  }

  /** An Elsewhere builder that needs no ssh and is there already, as a machine's URI. */
  async near(): Promise<string> {
    const socket = join(this.folder, "near-socket");
    const words = [
      `${checkout}/bin/elsewhere`,
      "serve",
      "--store",
      join(this.folder, "near"),
      "--socket",
      socket,
    ];
    this.#open.use(await startServer(words, { socket, env: { ...process.env, NIX_CONF_DIR: this.folder } }));
    return `unix://${socket}`;
  }

  /** Looks at the chain that a case describes. */
  async examine(options: CaseOptions): Promise<Examined> {
    const { env, folder } = this.#write(options);
    const store = join(folder, "store");
    const request = { overrides: options.overrides ?? [], store, builders: [] };
    const diagnosis = await examine(request, { env, signal: new AbortController().signal });
    return new Examined(diagnosis, folder);
  }

  /** The same by the program itself, through other words and as another user. */
  async run(
    options: CaseOptions & { words?: readonly string[]; within?: readonly string[]; uid?: number },
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string; readonly folder: string }> {
    const { env, folder } = this.#write(options);
    const { words = ["--json"], within = [], uid } = options;
    if (uid !== undefined) chmodSync(folder, 0o777);
    const store = join(folder, "store");
    const [program, ...args] = [...within, `${checkout}/bin/elsewhere`, "doctor", "--store", store, ...words];
    const who = uid === undefined ? {} : { uid, gid: uid };
    return await new Promise((resolve) =>
      execFile(program!, args, { env, cwd: folder, ...who }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err, folder }),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
    await this.sshd[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write({ machines, conf = "", env = {}, sshOptions = [], sshd = this.sshd }: CaseOptions) {
    const folder = join(this.folder, `case${++this.#cases}`);
    mkdirSync(folder);
    const file = join(folder, "machines");
    writeFileSync(file, machines.map((line) => `${line}\n`).join(""));
    writeFileSync(join(folder, "nix.conf"), `substituters =\nbuilders = @${file}\n${conf}\n`);
    const made: NodeJS.ProcessEnv = {
      PATH: process.env.PATH,
      ELSEWHERE_NODE: process.execPath,
      HOME: folder,
      NIX_CONF_DIR: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_STATE_HOME: join(folder, "state"),
      NIX_STATE_DIR: join(folder, "var"),
      NIX_SSHOPTS: [...sshOptions, ...sshd.sshOptions].join(" "),
      NO_COLOR: "1",
      ...env,
    };
    return { env: made, folder };
  }
}

/** What was found in a case. */
export class Examined {
  readonly diagnosis: Diagnosis;
  /** Of the case: `machines` and `nix.conf` are in it. */
  readonly folder: string;

  constructor(diagnosis: Diagnosis, folder: string) {
    this.diagnosis = diagnosis;
    this.folder = folder;
  }

  get findings(): readonly PlacedFinding[] {
    return findingsOf(this.diagnosis);
  }

  /** Nothing was found, and every builder built. */
  assertHealthy(): void {
    assert.deepEqual(
      this.findings.map(({ finding }) => `${finding.code}: ${finding.seen}`),
      [],
    );
    assert.equal(exitCodeOf(this.diagnosis), 0, JSON.stringify(this.diagnosis.here));
    for (const { links } of this.diagnosis.builders)
      assert.match(links.find(({ link }) => link === "build")?.said ?? JSON.stringify(links), /^verified: /);
  }

  /** This is the only thing found, with a cure that says this. */
  assertOnly(code: FindingCode, cure: RegExp): PlacedFinding {
    const codes = this.findings.map(({ finding }) => finding.code);
    assert.deepEqual([...new Set(codes)], [code], this.#told);
    const placed = this.findings[0]!;
    assert.match([placed.finding.cure.say, ...(placed.finding.cure.type ?? [])].join("\n"), cure);
    assert.equal(exitCodeOf(this.diagnosis), placed.finding.severity === "fault" ? 1 : 0, this.#told);
    return placed;
  }

  get #told(): string {
    return (
      this.findings.map(({ finding }) => `${finding.code}: ${finding.seen}`).join("\n") ||
      JSON.stringify(this.diagnosis)
    );
  }
}
