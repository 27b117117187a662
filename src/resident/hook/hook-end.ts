import { unreachable } from "#base/errors.ts";
import type { BuildOutcome } from "#build/events.ts";

/** How a hook's process ends. */
export interface HookEnd {
  readonly status: number;
  /** For the user, unless all went well. */
  readonly message?: string;
}

/**
 * What an outcome, undefined for none in need of one, means to Nix. By 100 it knows that the build itself failed, by 101
 * that it took too long. Source: Nix 2.8, `DerivationGoal::buildDone`.
 */
export function endOf(
  outcome: BuildOutcome | undefined,
  { drv, machine }: { drv: string; machine: string },
): HookEnd {
  if (outcome === undefined) return { status: 0 };
  switch (outcome.kind) {
    case "realised":
      return { status: 0 };
    case "failed":
      return {
        status: outcome.status === "TimedOut" ? 101 : 100,
        message: `build of '${drv}' on '${machine}' failed: ${withoutLog(outcome.message)}`,
      };
    case "given-up":
      return { status: 1, message: `build of '${drv}' on '${machine}' came to nothing: ${outcome.message}` };
    case "dependency-failed":
    case "cancelled":
      return { status: 1 };
    default:
      return unreachable(outcome);
  }
}

/** Nix shows the last lines of the log itself. */
function withoutLog(message: string): string {
  return message.replace(/[\n;]\s*(Output paths|[Ll]ast \d+ log lines):.*$/s, "");
}
