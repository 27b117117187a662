import { unreachable } from "#base/errors.ts";
import type { Wish } from "#build/engine/plan/plan.ts";
import type { RealiseReport } from "#build/engine/realise-request.ts";
import type { BuildOutcome, FailureStatus, Origin } from "#build/events.ts";
import { BARE_RESULT, type BuildResult, type BuildStatus } from "#nix/build-result.ts";
import type { Derivation } from "#nix/derivation.ts";
import { realisationHash } from "#nix/derivation-hash.ts";
import { DerivationHasher } from "#nix/derivation-hasher.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import { wantsOutput } from "#nix/derived-path-text.ts";
import type { LogSink } from "#nix/log-event.ts";
import type { Realisation } from "#nix/realisation.ts";
import { printStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";
import { ZERO_SHA256 } from "#wire/values/hash.ts";

export interface ReportParts {
  readonly graph: ReadonlyMap<StorePath, Derivation>;
  readonly wishes: readonly Wish[];
  readonly report: RealiseReport;
  readonly storeDir: StoreDir;
}

/** What became of a request, as a daemon answers it. The words are those of Nix 2.34, which people search for. */
export class ResultReport {
  readonly #parts: ReportParts;
  readonly #hasher: DerivationHasher;

  constructor(parts: ReportParts) {
    this.#parts = parts;
    this.#hasher = new DerivationHasher(parts.storeDir, (path) => parts.graph.get(path));
  }

  resultOf(drvPath: StorePath, outputs: OutputsSpec): BuildResult {
    const outcome = this.#parts.report.outcomes.get(drvPath);
    if (outcome === undefined || outcome.kind === "realised") return this.#success(drvPath, outputs);
    return { ...BARE_RESULT, ...this.#failure(drvPath, outcome) };
  }

  /** Says why builds failed that others needed: the answer itself only names what was asked for. */
  tellFailedInputs(log: LogSink): void {
    const asked = new Set(this.#parts.wishes.map(({ drvPath }) => drvPath));
    for (const [drvPath, outcome] of this.#parts.report.outcomes) {
      if (asked.has(drvPath) || (outcome.kind !== "failed" && outcome.kind !== "given-up")) continue;
      log({ kind: "message", text: `error: ${this.#failure(drvPath, outcome).errorMessage}\n` });
    }
  }

  #success(drvPath: StorePath, outputs: OutputsSpec): BuildResult {
    const { report, storeDir } = this.#parts;
    const builtOutputs = new Map<string, Realisation>();
    let origin: Origin | undefined;
    for (const [outputName, outPath] of report.outputsOf(drvPath)) {
      if (!wantsOutput(outputs, outputName)) continue;
      origin = report.origins.get(outPath);
      if (!origin)
        return {
          ...BARE_RESULT,
          status: "MiscFailure",
          errorMessage: `output '${printStorePath(storeDir, outPath)}' was built and could not be brought home`,
        };
      const id = { drvHash: this.#hashOf(drvPath), outputName };
      builtOutputs.set(outputName, { id, outPath, signatures: [], dependentRealisations: new Map() });
    }
    const status = statusOf(origin);
    return { ...BARE_RESULT, status, timesBuilt: status === "Built" ? 1 : 0, builtOutputs };
  }

  #failure(
    drvPath: StorePath,
    outcome: Exclude<BuildOutcome, { kind: "realised" }>,
  ): Pick<BuildResult, "status" | "errorMessage"> {
    const drv = printStorePath(this.#parts.storeDir, drvPath);
    switch (outcome.kind) {
      case "failed":
        return { status: wireStatusOf(outcome.status), errorMessage: outcome.message };
      case "dependency-failed":
        return {
          status: "DependencyFailed",
          errorMessage: `Cannot build '${drv}'.\nReason: 1 dependency failed.`,
        };
      case "given-up":
        return {
          status: "MiscFailure",
          errorMessage: `Cannot build '${drv}'.\nReason: ${outcome.message}${outcome.hint ? `\n${outcome.hint}` : ""}`,
        };
      case "cancelled":
        return { status: "Cancelled", errorMessage: "" };
      default:
        return unreachable(outcome);
    }
  }

  /** By it an output is known whose path only its build tells; of the others nobody asks for it. */
  #hashOf(drvPath: StorePath) {
    const derivation = this.#parts.graph.get(drvPath)!;
    if (hasKnownOutputPaths(derivationType(derivation))) return ZERO_SHA256;
    return realisationHash(this.#parts.storeDir, derivation, this.#hasher.hashOf);
  }
}

/** What no protocol has a status for is a failure that another try would not mend. */
function wireStatusOf(status: FailureStatus): BuildStatus {
  return status === "MemoryLimitExceeded" ? "PermanentFailure" : status;
}

function statusOf(origin: Origin | undefined): BuildStatus {
  if (origin?.kind === "built") return "Built";
  return origin?.kind === "substituted" ? "Substituted" : "AlreadyValid";
}
