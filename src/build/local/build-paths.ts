import type { Semaphore } from "#base/semaphore.ts";
import { compareText, encodeText } from "#base/text.ts";
import { type BuildResult, isSuccess, type KeyedBuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import { formatDerivation } from "#nix/derivation-aterm.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import type { Hash } from "#nix/hash.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import type { Realisation } from "#nix/realisation.ts";
import { nameOf, printStorePath, type StorePath } from "#nix/store-path.ts";
import { FetchNarrator } from "#store/fetch-narrator.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import { BuildFailure, failureResult, successResult } from "./build-failure.ts";
import { buildOne } from "./build-one.ts";
import type { BuildSite } from "./build-site.ts";
import { dependentRealisations } from "./dependent-realisations.ts";
import { DerivationGraph } from "./derivation-graph.ts";
import { fixedAddresses } from "./fixed-addresses.ts";
import { resolveDerivation } from "./resolve-derivation.ts";

export interface BuildPathsParts {
  readonly paths: readonly DerivedPath[];
  readonly request: RealiseOptions;
  readonly jobs: Semaphore;
}

/** Makes all of it valid, each derivation once, in an order in which inputs come first; a result for each in order. */
export async function buildPaths(
  site: BuildSite,
  { paths, request, jobs }: BuildPathsParts,
): Promise<KeyedBuildResult[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  const walk = new GraphBuild(site, { request: { ...request, signal }, jobs, stop });
  const results = new Map<DerivedPath, Promise<BuildResult>>();
  for (const path of inNixOrder(paths)) results.set(path, walk.realise(path));
  return await Promise.all(paths.map(async (path) => ({ ...(await results.get(path)!), path })));
}

/** As in Nix, work begins in the order of names, so that who asks again gets the same answer. */
function inNixOrder(paths: readonly DerivedPath[]): DerivedPath[] {
  return [...paths].sort((a, b) => compareText(goalKey(a), goalKey(b)));
}

function goalKey(path: DerivedPath): string {
  return path.kind === "opaque"
    ? `a$${nameOf(path.path)}$${path.path}`
    : `b$${nameOf(path.drvPath)}$${path.drvPath}`;
}

interface WalkParts {
  readonly request: RealiseOptions;
  readonly jobs: Semaphore;
  readonly stop: AbortController;
}

/** One request's walk over the graph. */
class GraphBuild {
  readonly #site: BuildSite;
  readonly #parts: WalkParts;
  readonly #graph: DerivationGraph;
  readonly #told = new Set<string>();
  readonly #begun = new Map<StorePath, Promise<BuildResult>>();

  constructor(site: BuildSite, parts: WalkParts) {
    this.#site = site;
    this.#parts = parts;
    this.#graph = new DerivationGraph(site.store, { substitutes: this.#substitutes });
  }

  async realise(path: DerivedPath): Promise<BuildResult> {
    try {
      return path.kind === "opaque" ? await this.#ensure(path.path) : await this.#wanted(path);
    } catch (error) {
      return failureResult(error);
    }
  }

  async #wanted({ drvPath, outputs }: Extract<DerivedPath, { kind: "built" }>): Promise<BuildResult> {
    await this.#haveDerivation(drvPath);
    this.#checkHasOutputs(drvPath, outputs);
    if (this.#mode === "normal") {
      const known = await this.#known(drvPath, (name) => wantsOutput(outputs, name));
      if (known) {
        await this.#recordKnown(drvPath, known);
        return successResult("AlreadyValid", known);
      }
    }
    const result = await this.#build(drvPath);
    const builtOutputs = new Map([...result.builtOutputs].filter(([name]) => wantsOutput(outputs, name)));
    return { ...result, builtOutputs };
  }

  /** What was built before realisations were kept, or came from elsewhere, gets them now. */
  async #recordKnown(drvPath: StorePath, known: ReadonlyMap<string, Realisation>): Promise<void> {
    const { store, settings } = this.#site;
    const isKnownAnyway = hasKnownOutputPaths(derivationType(this.#graph.derivation(drvPath)));
    if (isKnownAnyway && !settings.recordsRealisations) return;
    for (const realisation of known.values())
      if (!(await store.queryRealisation(realisation.id))) await store.registerRealisation(realisation);
  }

  #checkHasOutputs(drvPath: StorePath, outputs: Extract<DerivedPath, { kind: "built" }>["outputs"]): void {
    const has = this.#graph.derivation(drvPath).outputs;
    const missing = outputs === "*" ? [] : outputs.filter((name) => !has.has(name));
    if (missing.length === 0) return;
    const names = missing.map((name) => `'${name}'`).join(", ");
    throw new BuildFailure(
      "MiscFailure",
      `derivation '${this.#print(drvPath)}' does not have wanted outputs ${names}`,
    );
  }

  async #ensure(path: StorePath): Promise<BuildResult> {
    const { store } = this.#site;
    if ((await store.queryValidPaths([path])).has(path)) return successResult("AlreadyValid", new Map());
    using narrator = this.#narrator();
    const valid = this.#substitutes
      ? await store.queryValidPaths([path], { substitute: true, fetches: narrator.take })
      : new Set();
    if (valid.has(path)) return successResult("Substituted", new Map());
    throw new BuildFailure(
      "NoSubstituters",
      `path '${printStorePath(store.storeDir, path)}' does not exist and cannot be created`,
    );
  }

  #build(drvPath: StorePath): Promise<BuildResult> {
    const begun = this.#begun.get(drvPath);
    if (begun) return begun;
    const result = this.#buildNow(drvPath).catch((error: unknown) => failureResult(error));
    this.#begun.set(drvPath, result);
    return result;
  }

  async #buildNow(drvPath: StorePath): Promise<BuildResult> {
    const { store } = this.#site;
    const derivation = this.#graph.derivation(drvPath);
    const options = derivationOptions(store.storeDir, derivation);
    if (this.#mode === "normal" && options.allowSubstitutes && this.#substitutes) {
      const known = await this.#substituteOutputs(drvPath);
      if (known) {
        await this.#recordKnown(drvPath, known);
        return successResult("Substituted", known);
      }
    }
    this.#checkPurity(drvPath);
    await this.#haveInputs(drvPath);
    const resolved = await resolveDerivation(this.#graph, { drvPath, storeDir: store.storeDir });
    const isResolved = resolved.drvPath !== drvPath;
    if (isResolved) await this.#addDerivation(resolved.derivation);
    using permit = await this.#parts.jobs.acquire();
    this.#throwIfStopped();
    const result = await buildOne(this.#site, {
      drvPath: resolved.drvPath,
      derivation: resolved.derivation,
      options,
      drvHash: isResolved ? this.#hashAlone(resolved.derivation) : this.#graph.drvHash(drvPath),
      request: this.#parts.request,
      permit,
    });
    if (isSuccess(result)) return await this.#noteBuilt(drvPath, result, { isResolved });
    if (!this.#parts.request.settings.keepGoing && this.#mode === "normal") this.#parts.stop.abort();
    return result;
  }

  /** What outputs are said to be made by must be there to be looked at. */
  async #addDerivation(derivation: BasicDerivation): Promise<void> {
    const { store } = this.#site;
    const contents = encodeText(
      formatDerivation(store.storeDir, { ...derivation, inputDerivations: new Map() }),
    );
    await store.addContent({
      name: `${derivation.name}.drv`,
      method: "text",
      algorithm: "sha256",
      references: derivation.inputSources,
      dump: "flat",
      data: (async function* () {
        yield contents;
      })(),
    });
  }

  /** Whoever resolves to the same derivation finds it built under this hash. */
  #hashAlone(derivation: BasicDerivation): Hash {
    return realisationHash(this.#site.store.storeDir, { ...derivation, inputDerivations: new Map() }, () => {
      throw new Error("a resolved derivation has no inputs");
    });
  }

  /** What was built as its resolution is an output of the derivation itself, too. */
  async #noteBuilt(
    drvPath: StorePath,
    result: BuildResult,
    { isResolved }: { isResolved: boolean },
  ): Promise<BuildResult> {
    const outputs = Array.from(result.builtOutputs, ([name, { outPath }]) => [name, outPath] as const);
    this.#graph.noteBuilt(drvPath, new Map(outputs));
    const type = derivationType(this.#graph.derivation(drvPath));
    const isRecorded = !hasKnownOutputPaths(type) || this.#site.settings.recordsRealisations;
    if (!isResolved || !isRecorded) return result;
    const drvHash = this.#graph.drvHash(drvPath);
    const builtOutputs = new Map<string, Realisation>();
    const known = { graph: this.#graph, store: this.#site.store };
    for (const [outputName, { outPath }] of result.builtOutputs) {
      const own = {
        id: { drvHash, outputName },
        outPath,
        signatures: [],
        dependentRealisations: await dependentRealisations(known, drvPath, outPath),
      };
      if (type !== "impure") await this.#site.store.registerRealisation(own);
      builtOutputs.set(outputName, own);
    }
    return { ...result, builtOutputs };
  }

  /** What is not impure itself, or fixed, would differ each time with what it is built from. */
  #checkPurity(drvPath: StorePath): void {
    const typeOf = (path: StorePath) => derivationType(this.#graph.derivation(path));
    if (["impure", "fixed"].includes(typeOf(drvPath))) return;
    for (const input of this.#graph.derivation(drvPath).inputDerivations.keys())
      if (typeOf(input) === "impure")
        throw new BuildFailure(
          "InputRejected",
          `pure derivation '${this.#print(drvPath)}' depends on impure derivation '${this.#print(input)}'`,
        );
  }

  async #haveInputs(drvPath: StorePath): Promise<void> {
    const { inputDerivations, inputSources } = this.#graph.derivation(drvPath);
    for (const [input, { dynamic }] of inputDerivations)
      if (dynamic.size > 0)
        throw new BuildFailure(
          "InputRejected",
          `Cannot build '${this.#print(drvPath)}'.\nReason: Building dynamic derivations in one shot is not yet implemented, and it depends on outputs of what '${this.#print(input)}' builds`,
        );
    const inputs: DerivedPath[] = [
      ...inputSources.map((path) => ({ kind: "opaque", path }) as const),
      ...Array.from(
        inputDerivations,
        ([input, { outputs }]) => ({ kind: "built", drvPath: input, outputs }) as const,
      ),
    ];
    const results = await Promise.all(inNixOrder(inputs).map((input) => this.realise(input)));
    if (results.every(isSuccess)) return;
    // What was stopped did not fail.
    const failed = results.filter((result) => !isSuccess(result) && result.status !== "Cancelled");
    if (failed.length === 0) this.#throwIfStopped();
    for (const { errorMessage } of failed) this.#tellOnce(errorMessage);
    throw new BuildFailure(
      "DependencyFailed",
      `${failed.length} dependencies of derivation '${this.#print(drvPath)}' failed to build`,
    );
  }

  /** Why something failed that was not itself asked for: its own result reaches nobody. */
  #tellOnce(errorMessage: string): void {
    if (errorMessage === "" || this.#told.has(errorMessage)) return;
    this.#told.add(errorMessage);
    this.#parts.request.log({ kind: "message", text: `error: ${errorMessage}\n` });
  }

  #throwIfStopped(): void {
    this.#parts.request.signal.throwIfAborted();
  }

  async #haveDerivation(drvPath: StorePath): Promise<void> {
    const { store } = this.#site;
    if ((await store.queryValidPaths([drvPath])).has(drvPath)) return;
    const result = await this.#ensure(drvPath);
    if (!isSuccess(result)) throw new BuildFailure("MiscFailure", result.errorMessage);
  }

  async #substituteOutputs(drvPath: StorePath): Promise<Map<string, Realisation> | undefined> {
    const { store } = this.#site;
    const outputs = [...(await this.#graph.outputs(drvPath)).values()];
    const paths = outputs.flatMap((path) => path ?? []);
    if (paths.length < outputs.length) return undefined;
    const addresses = fixedAddresses(this.#graph.derivation(drvPath), await this.#graph.outputs(drvPath));
    using narrator = this.#narrator();
    const { failed } = await store.substitute(paths, { addresses, fetches: narrator.take });
    if (failed.length > 0 && !(this.#parts.request.settings.fallback ?? this.#site.settings.fallback))
      throw new BuildFailure(
        "TransientFailure",
        `some substitutes for the outputs of derivation '${this.#print(drvPath)}' failed (usually happens due to networking issues); try '--fallback' to build derivation from source `,
      );
    return await this.#known(drvPath, () => true);
  }

  /** Realisations of the wanted outputs when all are valid. */
  async #known(
    drvPath: StorePath,
    wanted: (name: string) => boolean,
  ): Promise<Map<string, Realisation> | undefined> {
    const { store } = this.#site;
    if (!(await store.queryValidPaths([drvPath])).has(drvPath)) return undefined;
    const found = new Map<string, Realisation>();
    for (const [outputName, outPath] of await this.#graph.outputs(drvPath)) {
      if (!wanted(outputName)) continue;
      if (!outPath) return undefined;
      const id = { drvHash: this.#graph.drvHash(drvPath), outputName };
      found.set(outputName, { id, outPath, signatures: [], dependentRealisations: new Map() });
    }
    const paths = Array.from(found.values(), ({ outPath }) => outPath);
    return (await store.queryValidPaths(paths)).size === new Set(paths).size ? found : undefined;
  }

  /** Tells whoever asked what one request to the store fetches. */
  #narrator(): FetchNarrator {
    return new FetchNarrator({ storeDir: this.#site.store.storeDir, log: this.#parts.request.log });
  }

  get #mode() {
    return this.#parts.request.mode;
  }

  get #substitutes(): boolean {
    return this.#parts.request.settings.useSubstitutes ?? this.#site.settings.useSubstitutes;
  }

  #print(path: StorePath): string {
    return printStorePath(this.#site.store.storeDir, path);
  }
}
