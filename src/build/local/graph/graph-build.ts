import type { Semaphore } from "#base/semaphore.ts";
import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import { derivationOptions } from "#nix/read-derivation-options.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { RealiseOptions } from "#store/realiser.ts";
import { BuildFailure, failureResult, successResult } from "../build-failure.ts";
import { buildOne } from "../build-one.ts";
import type { BuildSite } from "../build-site.ts";
import { checkHasOutputs, checkPurity, checkStatic } from "./derivation-checks.ts";
import { DerivationGraph } from "./derivation-graph.ts";
import { ensureDerivation, ensurePath, maySubstitute } from "./ensure-path.ts";
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
    this.#outputs = new OutputsThere(site, this.#graph, parts.request);
  }

  async realise(path: DerivedPath): Promise<BuildResult> {
    try {
      if (path.kind === "built") return await this.#wanted(path);
      return await ensurePath(this.#site, this.#parts.request, path.path);
    } catch (error) {
      return failureResult(error);
    }
  }

  async #wanted(path: Extract<DerivedPath, { kind: "built" }>): Promise<BuildResult> {
    const { drvPath, outputs } = path;
    await ensureDerivation(this.#site, this.#parts.request, drvPath);
    checkHasOutputs(this.#graph, path);
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
      const known = await this.#outputs.substitute(drvPath);
      if (known) {
        await this.#outputs.record(drvPath, known);
        return successResult("Substituted", known);
      }
    }
    checkPurity(this.#graph, drvPath);
    checkStatic(this.#graph, drvPath);
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

  async #haveInputs(drvPath: StorePath): Promise<void> {
    const { inputDerivations, inputSources } = this.#graph.derivation(drvPath);
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
      `${failed.length} dependencies of derivation '${this.#graph.print(drvPath)}' failed to build`,
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

  get #mode() {
    return this.#parts.request.mode;
  }

  get #substitutes(): boolean {
    return maySubstitute(this.#site, this.#parts.request);
  }
}
