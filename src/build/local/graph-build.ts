import type { Semaphore } from "#base/semaphore.ts";
import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import type { Realisation } from "#nix/realisation.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { FetchNarrator } from "#store/fetch-narrator.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import { BuildFailure, failureResult, successResult } from "./build-failure.ts";
import { buildOne } from "./build-one.ts";
import type { BuildSite } from "./build-site.ts";
import { DerivationGraph } from "./derivation-graph.ts";
import { inNixOrder } from "./goal-order.ts";
import { OutputsThere } from "./outputs-there.ts";
import { resolveDerivation } from "./resolve-derivation.ts";
import { addResolved, recordAsOwn, resolvedHash } from "./resolved-build.ts";

export interface GraphBuildParts {
  readonly request: RealiseOptions;
  readonly jobs: Semaphore;
  readonly stop: AbortController;
}

/** One request's walk over the graph. */
export class GraphBuild {
  readonly #site: BuildSite;
  readonly #parts: GraphBuildParts;
  readonly #graph: DerivationGraph;
  readonly #outputs: OutputsThere;
  readonly #told = new Set<string>();
  readonly #begun = new Map<StorePath, Promise<BuildResult>>();

  constructor(site: BuildSite, parts: GraphBuildParts) {
    this.#site = site;
    this.#parts = parts;
    this.#graph = new DerivationGraph(site.store, { substitutes: this.#substitutes });
    this.#outputs = new OutputsThere(site, this.#graph);
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
      const known = await this.#outputs.find(drvPath, (name) => wantsOutput(outputs, name));
      if (known) {
        await this.#outputs.record(drvPath, known);
        return successResult("AlreadyValid", known);
      }
    }
    const result = await this.#build(drvPath);
    const builtOutputs = new Map([...result.builtOutputs].filter(([name]) => wantsOutput(outputs, name)));
    return { ...result, builtOutputs };
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
      const known = await this.#substitute(drvPath);
      if (known) {
        await this.#outputs.record(drvPath, known);
        return successResult("Substituted", known);
      }
    }
    this.#checkPurity(drvPath);
    await this.#haveInputs(drvPath);
    const resolved = await resolveDerivation(this.#graph, { drvPath, storeDir: store.storeDir });
    const isResolved = resolved.drvPath !== drvPath;
    if (isResolved) await addResolved(store, resolved.derivation);
    using permit = await this.#parts.jobs.acquire();
    this.#throwIfStopped();
    const result = await buildOne(this.#site, {
      drvPath: resolved.drvPath,
      derivation: resolved.derivation,
      options,
      drvHash: isResolved ? resolvedHash(store.storeDir, resolved.derivation) : this.#graph.drvHash(drvPath),
      request: this.#parts.request,
      permit,
    });
    if (isSuccess(result)) return await this.#noteBuilt(drvPath, result, { isResolved });
    if (!this.#parts.request.settings.keepGoing && this.#mode === "normal") this.#parts.stop.abort();
    return result;
  }

  async #noteBuilt(
    drvPath: StorePath,
    result: BuildResult,
    { isResolved }: { isResolved: boolean },
  ): Promise<BuildResult> {
    const { store, settings } = this.#site;
    const outputs = Array.from(result.builtOutputs, ([name, { outPath }]) => [name, outPath] as const);
    this.#graph.noteBuilt(drvPath, new Map(outputs));
    const isRecorded =
      !hasKnownOutputPaths(derivationType(this.#graph.derivation(drvPath))) || settings.recordsRealisations;
    if (!isResolved || !isRecorded) return result;
    return await recordAsOwn({ graph: this.#graph, store }, drvPath, result);
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

  async #substitute(drvPath: StorePath): Promise<Map<string, Realisation> | undefined> {
    using narrator = this.#narrator();
    const fallback = this.#parts.request.settings.fallback ?? this.#site.settings.fallback;
    return await this.#outputs.substitute(drvPath, { fallback, fetches: narrator.take });
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
