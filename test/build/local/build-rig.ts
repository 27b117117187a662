import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { compareText, encodeText } from "#base/text.ts";
import { openLocalRealiser } from "#build/local/open.ts";
import type { LocalBuildSettings } from "#build/local/settings.ts";
import type { Derivation, DerivationOutput } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { fillOutputPaths } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { staticOutputPath } from "#nix/derivation-output.ts";
import { DownstreamPlaceholder, hashPlaceholder } from "#nix/placeholder.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { findBubblewrapTools } from "#sandbox/linux/bubblewrap-tools.ts";
import { findStaticShell } from "#sandbox/linux/static-shell.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import type { Realiser } from "#store/realiser.ts";

/** A derivation as a test writes it. `script` is run by busybox's shell; `bb` is busybox. */
export interface DerivationText {
  readonly name: string;
  readonly script?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly outputs?: readonly string[];
  /** For all outputs; computed from the inputs when absent. */
  readonly output?: DerivationOutput;
  /** Derivations whose output `out` is an input, by the name under which the script sees its path. */
  readonly inputs?: Readonly<Record<string, StorePath>>;
  readonly system?: string;
  readonly builder?: string;
  readonly sources?: readonly StorePath[];
}

export interface RigOptions {
  readonly settings?: Partial<LocalBuildSettings>;
  readonly sandbox?: "bubblewrap" | "none";
  /** `PATH` in which bubblewrap is looked for; then builds go without it where it does not work. */
  readonly searchPath?: string;
  /** With the store's files where paths say they are, as a build without a sandbox needs it. */
  readonly inPlace?: boolean;
}

/** A store of its own, a realiser over it, and derivations written as scripts. */
export class BuildRig implements AsyncDisposable {
  readonly dir: string;
  readonly store: LocalStore;
  readonly realiser: Realiser;
  readonly shell: StorePath;
  readonly #known = new Map<StorePath, Derivation>();
  readonly #closers: AsyncDisposable[];

  private constructor(
    dir: string,
    parts: { store: LocalStore; realiser: Realiser; shell: StorePath; closers: AsyncDisposable[] },
  ) {
    this.dir = dir;
    this.store = parts.store;
    this.realiser = parts.realiser;
    this.shell = parts.shell;
    this.#closers = parts.closers;
  }

  static async open({
    settings = {},
    sandbox = "bubblewrap",
    inPlace = false,
    searchPath,
  }: RigOptions = {}): Promise<BuildRig> {
    const dir = mkdtempSync(`${tmpdir()}/elsewhere-build-`);
    const where = inPlace
      ? {
          storeDir: `${dir}/store`,
          realStoreDir: `${dir}/store`,
          stateDir: `${dir}/var`,
          logDir: `${dir}/log`,
        }
      : { root: dir };
    const store = await openLocalStore({ ...where, environment: {}, requireSigs: false });
    const opened = await openLocalRealiser(store, {
      sandbox,
      searchPath: searchPath ?? process.env.PATH ?? "",
      sandboxFallback: searchPath !== undefined,
      settings: { maxJobs: 4, cores: 3, system: SYSTEM, logLines: 5, ...settings },
    });
    const shell = await addShell(store, dir);
    return new BuildRig(dir, { store, realiser: opened.realiser, shell, closers: [opened, store] });
  }

  /** Writes a derivation into the store; returns its path. */
  async add(text: DerivationText): Promise<StorePath> {
    const derivation = fillOutputPaths(this.store.storeDir, this.#derivationOf(text), this.#hasher.hashOf);
    const references = [...derivation.inputSources, ...derivation.inputDerivations.keys()];
    const info = await this.store.addContent({
      name: `${text.name}.drv`,
      method: "text",
      algorithm: "sha256",
      references,
      dump: "flat",
      data: chunksOf(encodeText(formatDerivation(this.store.storeDir, derivation))),
    });
    this.#known.set(info.path, derivation);
    return info.path;
  }

  derivation(path: StorePath): Derivation {
    return this.#known.get(path)!;
  }

  /** Where output `name` will be, when that is known before it is built. */
  outputPath(drvPath: StorePath, outputName = "out"): StorePath {
    const { name, outputs } = this.derivation(drvPath);
    const place = { storeDir: this.store.storeDir, drvName: name, outputName };
    return staticOutputPath(outputs.get(outputName)!, place)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const closer of this.#closers) await closer[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get #hasher(): DerivationHasher {
    return new DerivationHasher(this.store.storeDir, (path) => this.#known.get(path));
  }

  #derivationOf({
    name,
    script = "",
    env = {},
    outputs = ["out"],
    output,
    inputs = {},
    ...rest
  }: DerivationText): Derivation {
    const bb = `${printStorePath(this.store.storeDir, this.shell)}/bin/busybox`;
    const sources = [this.shell, ...(rest.sources ?? [])].sort();
    const made = output ?? { kind: "deferred" };
    const variables = {
      ...env,
      bb,
      ...Object.fromEntries(Object.entries(inputs).map(([key, path]) => [key, this.#inputText(path)])),
      ...Object.fromEntries(
        outputs.map((each) => [
          each,
          made.kind === "fixed"
            ? printStorePath(
                this.store.storeDir,
                staticOutputPath(made, { storeDir: this.store.storeDir, drvName: name, outputName: each })!,
              )
            : hashPlaceholder(each),
        ]),
      ),
    };
    return {
      name,
      outputs: new Map([...outputs].sort(compareText).map((each) => [each, made])),
      inputDerivations: new Map(
        Object.values(inputs)
          .sort()
          .map((path) => [path, { outputs: ["out"], dynamic: new Map() }]),
      ),
      inputSources: sources,
      system: rest.system ?? SYSTEM,
      builder: rest.builder ?? bb,
      args: rest.builder === undefined ? ["sh", "-c", script] : [],
      env: new Map(Object.entries(variables).sort(([a], [b]) => compareText(a, b))),
    };
  }

  #inputText(path: StorePath): string {
    const { name, outputs } = this.derivation(path);
    const known = staticOutputPath(outputs.get("out")!, {
      storeDir: this.store.storeDir,
      drvName: name,
      outputName: "out",
    });
    return known
      ? printStorePath(this.store.storeDir, known)
      : DownstreamPlaceholder.ofOutput(path, "out").toString();
  }
}

/** For `test(name, { skip: withoutSandbox }, …)`. */
export const withoutSandbox: string | false = await reasonToSkip();

export const SYSTEM = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux`;

async function reasonToSkip(): Promise<string | false> {
  if (process.platform !== "linux") return "builds are sandboxed on Linux only";
  const searchPath = process.env.PATH ?? "";
  if (!findStaticShell(searchPath)) return "this machine has no static busybox";
  try {
    await findBubblewrapTools(searchPath);
    return false;
  } catch (error) {
    return String(error);
  }
}

async function addShell(store: LocalStore, dir: string): Promise<StorePath> {
  const place = `${dir}/shell`;
  mkdirSync(`${place}/bin`, { recursive: true });
  copyFileSync(findStaticShell(process.env.PATH ?? "")!, `${place}/bin/busybox`);
  const info = await store.addContent({
    name: "busybox",
    method: "nar",
    algorithm: "sha256",
    references: [],
    dump: "nar",
    data: dumpPath(place),
  });
  return info.path;
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
