import { exitCodeOf, ReportedError, reportError } from "#cli/error-report.ts";
import { type Interruption, watchForInterruption } from "#cli/interruption.ts";
import { runProgram } from "#cli/program.ts";
import { openTerminal, type Terminal } from "#cli/terminal.ts";
import { services } from "./services.ts";
import { readVersion } from "./version.ts";

/** Runs one command line and returns its exit code. Nothing that a user can cause escapes as a stack trace. */
export async function run(args: readonly string[]): Promise<number> {
  const terminal = openTerminal(process);
  const interruption = watchForInterruption(process);
  try {
    return await runProgram(args, {
      version: readVersion(),
      terminal,
      env: process.env,
      signal: interruption.signal,
      interrupt: () => interruption.interrupt(),
      services,
    });
  } catch (error) {
    return explain(error, terminal, { interruption, debug: args.includes("--debug") });
  } finally {
    interruption[Symbol.dispose]();
    await terminal.flush();
  }
}

function explain(
  error: unknown,
  terminal: Terminal,
  { interruption, debug }: { interruption: Interruption; debug: boolean },
): number {
  if (error instanceof ReportedError) return interruption.exitCode ?? exitCodeOf(error.cause);
  if (interruption.exitCode !== undefined) {
    terminal.error(`elsewhere: interrupted\n`);
    return interruption.exitCode;
  }
  reportError(error, terminal, { debug });
  return exitCodeOf(error);
}
