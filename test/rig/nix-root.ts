import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Debian suites, by the Nix that each has: 2.8, 2.26 and 2.34. */
export const NIX_SUITES = ["bookworm", "trixie", "sid"] as const;
export type NixSuite = (typeof NIX_SUITES)[number];

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const script = fileURLToPath(new URL("../../scripts/nix-root", import.meta.url));
const base = process.env.NIX_ROOTS ?? process.env.ELSEWHERE_ROOTS ?? "/var/tmp/elsewhere-roots";

/** Why tests with the real Nix of a suite must be skipped; false when they need not. */
export function withoutNix(suite: NixSuite): string | false {
  if (process.getuid?.() !== 0) return "roots with real Nix need root";
  return existsSync(`${base}/${suite}/.complete`)
    ? false
    : `no root with real Nix: scripts/nix-root make ${suite}`;
}

/** How a command ended, and what it wrote to both of its outputs. */
export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** The real Nix of a suite with a store of its own, which is removed in the end. */
export class NixRoot implements Disposable {
  readonly suite: NixSuite;
  readonly store: string;

  constructor(suite: NixSuite, store: string) {
    this.suite = suite;
    this.store = `${store}-${process.pid}`;
  }

  /** Words that run what follows them inside. */
  get within(): readonly string[] {
    return [script, "run", this.suite, this.store];
  }

  /** Where its `/nix` lies on the host. */
  get nixFolder(): string {
    return `${base}/stores/${this.suite}-${this.store}/nix`;
  }

  /** Runs a command inside and returns what it printed; throws with its words when it fails. */
  async run(command: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const { stdout } = await promisify(execFile)(
      script,
      ["run", this.suite, this.store, "env", ...words, ...command],
      { maxBuffer: 1 << 28, cwd: checkout },
    );
    return stdout.trim();
  }

  /** Runs a command inside, whatever comes of it. */
  async attempt(command: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    try {
      return { code: 0, said: await this.run(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command], env) };
    } catch (error) {
      const { code, stdout } = error as { code: unknown; stdout?: string };
      if (typeof code !== "number") throw error;
      return { code, said: stdout ?? "" };
    }
  }

  [Symbol.dispose](): void {
    rmSync(`${base}/stores/${this.suite}-${this.store}`, { recursive: true, force: true });
  }
}
