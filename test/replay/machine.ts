import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { openLocalRealiser } from "#build/local/open.ts";
import { isSuccess } from "#nix/build-result.ts";
import type { Realisation } from "#nix/realisation.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ServedStore } from "#serve/served-store.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import type { Realiser } from "#store/realiser.ts";

/** The files of a machine: its store, whoever opens it. Gone with the test. */
export class Disk implements Disposable {
  readonly root = mkdtempSync(`${tmpdir()}/elsewhere-replay-`);

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A process on a machine that builds as those of the recordings did: with their shells in sight. */
export class Machine implements ServedStore, AsyncDisposable {
  readonly store: LocalStore;
  readonly #open = new AsyncDisposableStack();
  #realiser: Promise<Realiser> | undefined;

  private constructor(store: LocalStore) {
    this.store = this.#open.use(store);
  }

  static async on({ root }: Disk): Promise<Machine> {
    return new Machine(await openLocalStore({ root, environment: {} }));
  }

  async realiser(): Promise<Realiser> {
    this.#realiser ??= this.#openRealiser();
    return await this.#realiser;
  }

  /** Builds all outputs of derivations that are in the store; returns what they are. */
  async build(drvPaths: readonly StorePath[]): Promise<Realisation[]> {
    const wanted = drvPaths.map((drvPath) => ({ kind: "built", drvPath, outputs: "*" }) as const);
    const results = await (await this.realiser()).buildPaths(wanted, {
      mode: "normal",
      settings: {},
      signal: new AbortController().signal,
      log: () => undefined,
    });
    const failed = results.find((result) => !isSuccess(result));
    if (failed) throw new Error(failed.errorMessage);
    return results.flatMap(({ builtOutputs }) => [...builtOutputs.values()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open[Symbol.asyncDispose]();
  }

  async #openRealiser(): Promise<Realiser> {
    const opened = await openLocalRealiser(this.store, {
      sandbox: "bubblewrap",
      searchPath: process.env.PATH ?? "",
      settings: { system: "x86_64-linux", systemFeatures: FEATURES, sandboxPaths: SHELLS, maxJobs: 2 },
    });
    return this.#open.use(opened).realiser;
  }
}

/** Those of the machines that were recorded. */
const FEATURES = ["benchmark", "big-parallel", "ca-derivations", "kvm", "nixos-test"];
/** What the recorded builds, which had no sandbox, use of their machine. */
const SHELLS = ["/bin", "/usr", "/lib", "/lib64?"];
