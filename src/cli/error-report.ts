import { ElsewhereError, messageOf } from "#base/errors.ts";
import { InterruptedError } from "./interruption.ts";
import { type Style, styleFor } from "./style.ts";
import type { Terminal } from "./terminal.ts";

/** Wrong usage of the command line; the message names the option or argument. */
export class UsageError extends ElsewhereError {
  override readonly name = "UsageError";

  constructor(message: string, hint?: string) {
    super("USAGE", message, hint === undefined ? {} : { hint });
  }
}

/** What its cause says was told already, in the form that was asked for. */
export class ReportedError extends Error {
  override readonly name = "ReportedError";

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
  }
}

/** Exit codes, as documented in `elsewhere --help`. */
export const EXIT = {
  failure: 1,
  usage: 2,
  buildFailed: 100,
  timedOut: 101,
  hashMismatch: 102,
  notDeterministic: 104,
};

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitCode;
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/** Prints what went wrong and what to do about it; the stack only with `debug`. */
export function reportError(error: unknown, terminal: Terminal, { debug }: { debug: boolean }): void {
  const style = styleFor(terminal.colours.error);
  terminal.error(`${formatError(error, style)}\n`);
  if (debug && error instanceof Error) terminal.error(`${stackOf(error)}\n`);
  else if (!(error instanceof ElsewhereError) && !isSystemError(error))
    terminal.error(style.dim("       this is a fault of Elsewhere itself; --debug shows where\n"));
}

export function formatError(error: unknown, style: Style): string {
  const lines = [`${style.bad("error:")} ${messageOf(error)}`];
  for (const cause of causesOf(error))
    if (!messageOf(error).includes(cause)) lines.push(`       because: ${cause}`);
  if (error instanceof ElsewhereError) {
    if (error.hint) lines.push(`${style.good(" hint:")} ${error.hint.replaceAll("\n", "\n       ")}`);
    lines[0] += style.dim(` [${error.code}]`);
  }
  return lines.join("\n");
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  for (
    let cause = error instanceof Error ? error.cause : undefined;
    cause instanceof Error && causes.length < CAUSES_MAX;
    cause = cause.cause
  )
    causes.push(cause.message);
  return causes;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

const CAUSES_MAX = 5;
