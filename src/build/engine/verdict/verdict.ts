import { ElsewhereError, messageOf } from "#base/errors.ts";
import { BARE_RESULT, type BuildResult, isSuccess } from "#nix/build-result.ts";
import type { Loss } from "#schedule/loss.ts";
import type { FailureStatus } from "../../events.ts";
import { saysOverMemory } from "../../over-memory.ts";

/** What an attempt came to. */
export type Verdict =
  | { readonly kind: "success" }
  /** Final: another machine would say the same. */
  | { readonly kind: "failure" }
  /** Not the build's fault; `builderIsFine` when the machine still answers. */
  | {
      readonly kind: "lost";
      readonly loss: Loss;
      readonly message: string;
      readonly builderIsFine: boolean;
    };

/** Sorts a builder's answer: its own verdict is final, want of space, memory or time of the machine is not. */
export function judgeResult(result: BuildResult, logTail: readonly string[]): Verdict {
  if (isSuccess(result)) return { kind: "success" };
  const { status, errorMessage } = result;
  const message = plain(errorMessage);
  if (isWrongMachine(errorMessage)) return lost("wrong-machine", message);
  // What was killed for it may have left words that look like a machine's want of memory.
  if (saysOverMemory(message)) return { kind: "failure" };
  const words = [errorMessage, ...logTail.slice(-TOLD_LINES_MAX)].join("\n");
  if (NO_SPACE.test(words)) return lost("no-space", "no space left on the builder");
  if (isOutOfMemory(errorMessage, words)) return lost("out-of-memory", "the builder ran out of memory");
  if (status === "Cancelled") return lost("cancelled", message || status);
  if (status === "TransientFailure") return lost("transport", message || status);
  return { kind: "failure" };
}

/** Sorts what was thrown: the other side's words are an answer, everything else is a broken line. */
export function judgeError(error: unknown): Verdict {
  const message = messageOf(error);
  // Neither ours nor the system's: a fault in the program, which no other builder mends.
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError)
    throw error;
  if (NO_SPACE.test(message)) return lost("no-space", message);
  if (NO_MEMORY.test(message)) return lost("out-of-memory", message);
  const code = error instanceof ElsewhereError ? error.code : undefined;
  // What held the input went away: the plan made after that mends it.
  if (code === "INPUT_MISSING") return lost("inputs-gone", message);
  if (code === "LIMIT_EXCEEDED") return lost("cancelled", message);
  if (code !== undefined && (ANSWERS.has(code) || SOURCE_FAULTS.has(code))) return { kind: "failure" };
  const loss = code === "TRANSPORT_TIMEOUT" ? "timed-out" : "vanished";
  return { ...lost(loss, message), builderIsFine: false };
}

function lost(loss: Loss, message: string): Extract<Verdict, { kind: "lost" }> {
  return { kind: "lost", loss, message, builderIsFine: true };
}

/**
 * Whether a build was ended for want of memory: the machine says so, the builder was killed, or something in it was, as
 * compilers, shells and make then say last. Nobody else kills in there.
 */
function isOutOfMemory(errorMessage: string, words: string): boolean {
  return NO_MEMORY.test(words) || KILLED.test(errorMessage) || KILLED_INSIDE.test(words);
}

/** How a failed build is to be called: not every protocol has a name for outputs with another hash than was said, and none for too much memory. */
export function statusOf({ status, errorMessage }: BuildResult): FailureStatus {
  if (saysOverMemory(plain(errorMessage))) return "MemoryLimitExceeded";
  return MISMATCH.test(plain(errorMessage)) ? "HashMismatch" : status;
}

/** Whether a builder said nothing of a build: it had not begun it, or it ended it for another's failure. */
export function isSilent({ status, errorMessage }: BuildResult): boolean {
  return status === "MiscFailure" && errorMessage === "";
}

/** As a builder answers for what it had not begun when something failed. */
export const SILENCE: BuildResult = { ...BARE_RESULT, status: "MiscFailure" };

/** Whether a builder says that it is not the machine for a derivation. */
export function isWrongMachine(message: string): boolean {
  return WRONG_MACHINE.test(reasonOf(message));
}

/** Whether a builder refused what it cannot make sure of itself. */
export function isDistrust(error: unknown): boolean {
  return (error instanceof ElsewhereError && error.code === "NOT_TRUSTED") || DISTRUST.test(messageOf(error));
}

/** A builder's words about a failure up to where it quotes the log, in which anything may stand. */
export function reasonOf(message: string): string {
  return plain(message).replace(PATHS_AND_LOG, "");
}

/** Words without the colours that a builder put into them. */
export function plain(text: string): string {
  return text.replace(/\x1b\[[0-9;]*m/g, "").replace(/^error:\s*/, "");
}

/** A builder that cannot do what its line in the machines file says; another may. */
const WRONG_MACHINE =
  /is required to build .* but I am a|[Mm]issing system features|Required system: .*Current system: /s;
const DISTRUST = /not privileged to build|lacks a (valid )?signature/;
/** What Nix says after the reason; up to 2.26 after a semicolon. */
const PATHS_AND_LOG = /;?\n\s*(Output paths|[Ll]ast \d+ log lines):.*$/s;
/** Source: every release of Nix since 2.4. */
const MISMATCH = /^hash mismatch in fixed-output derivation/;
/** Codes of errors that the other side sent in good order. */
const ANSWERS = new Set(["REMOTE", "UNTRUSTED", "SUBSTITUTION_FAILED"]);
/** Codes of errors of where derivations come from: no builder mends what is not there. */
const SOURCE_FAULTS = new Set(["SOURCE_MISSING", "SOURCE_CHANGED"]);
const NO_SPACE = /No space left on device|ENOSPC|Disk quota exceeded|database or disk is full/i;
/** Of processes, compilers, kernels and control groups. */
const NO_MEMORY =
  /Cannot allocate memory|ENOMEM|[Oo]ut of memory|oom-kill|OOM killer|memory cgroup|std::bad_alloc|virtual memory exhausted|[Mm]emory limit exceeded/;
/** Source: Nix, `statusToString`; shells print 128 and the signal. */
const KILLED = /failed due to signal 9 \(Killed\)|failed with exit code 137\b/;
const KILLED_INSIDE =
  /Killed signal terminated program|: line \d+: +\d+ Killed|signal: 9, SIGKILL|^make.*\] Killed$|^Killed$/m;
const TOLD_LINES_MAX = 5;
