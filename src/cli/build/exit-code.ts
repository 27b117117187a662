import type { RealiseReport } from "#build/engine/realise-request.ts";
import type { FailureStatus } from "#build/events.ts";
import { EXIT } from "../error-report.ts";

/** The exit code of a run: that of the gravest failure, by the numbers of Nix. */
export function buildExitCode({ complete, outcomes }: RealiseReport): number {
  if (complete) return 0;
  const statuses = [...outcomes.values()].flatMap((outcome): FailureStatus[] =>
    outcome.kind === "failed" ? [outcome.status] : [],
  );
  if (statuses.length === 0) return EXIT.failure;
  if (statuses.every((status) => status === "TimedOut")) return EXIT.timedOut;
  if (statuses.includes("HashMismatch")) return EXIT.hashMismatch;
  return statuses.includes("NotDeterministic") ? EXIT.notDeterministic : EXIT.buildFailed;
}
