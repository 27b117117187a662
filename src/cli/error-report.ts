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
  const lines = [`${style.bad("error:")} ${isSystemError(error) ? systemSentence(error) : messageOf(error)}`];
  for (const cause of causesOf(error))
    if (!messageOf(error).includes(cause)) lines.push(`       because: ${cause}`);
  if (error instanceof ElsewhereError) {
    if (error.hint) lines.push(`${style.good(" hint:")} ${error.hint.replaceAll("\n", "\n       ")}`);
    lines[0] += style.dim(` [${error.code}]`);
  } else if (isSystemError(error)) {
    const hint = SYSTEM_HINTS[error.code ?? ""];
    if (hint) lines.push(`${style.good(" hint:")} ${hint}`);
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

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

/** Node says `CODE: what was found, call 'path'`; a person wants to know first what could not be done. */
function systemSentence({ message, syscall, code }: NodeJS.ErrnoException): string {
  const said = SYSTEM_MESSAGE.exec(message);
  if (said?.groups) return `Cannot ${syscall} ${said.groups.paths}: ${said.groups.found}`;
  return message.startsWith(`${code}: `) ? message.slice(`${code}: `.length) : message;
}

const SYSTEM_MESSAGE = /^[A-Z0-9]+: (?<found>[^']*), \w+ (?<paths>'.*')$/s;
const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  EACCES: "do it as a user who may, or let this one: 'ls -ld' shows who may",
  EPERM: "do it as a user who may, or let this one: 'ls -ld' shows who may",
  EROFS: "that file system is mounted read-only",
  ENOSPC: "that disk is full: 'elsewhere gc' deletes what nothing needs",
  EDQUOT: "this user's share of that disk is used up",
  ENOTDIR: "a part of that path is a file, where a folder is wanted",
};

const CAUSES_MAX = 5;
