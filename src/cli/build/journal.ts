import { systemClock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { newRunId, RunJournal } from "#build/journal/run-journal.ts";
import type { StoreDir } from "#nix/store-path.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodeOf, formatError } from "../error-report.ts";
import { styleFor } from "../style.ts";
import type { BuildFlags } from "./build-flags.ts";

/**
 * Writes down the run that `work` does, and how it ends. Where the state folder cannot be written, it is done all the same:
 * then nobody can watch it, unless watching is all there is.
 */
export async function journalled(
  context: CommandContext,
  asked: { installables: readonly string[]; flags: BuildFlags; storeDir: StoreDir },
  work: (journal: RunJournal | undefined) => Promise<number>,
): Promise<number> {
  const journal = await openJournal(context, asked);
  try {
    const exitCode = await work(journal);
    await journal?.end({ exitCode });
    return exitCode;
  } catch (error) {
    const { signal } = context;
    const exitCode = exitCodeOf(signal.aborted ? signal.reason : error);
    const said = signal.aborted ? messageOf(signal.reason) : formatError(error, styleFor(false));
    await journal?.end({ exitCode, error: said });
    throw error;
  }
}

async function openJournal(
  { services, interrupt }: CommandContext,
  {
    installables,
    flags,
    storeDir,
  }: { installables: readonly string[]; flags: BuildFlags; storeDir: StoreDir },
): Promise<RunJournal | undefined> {
  const head = {
    id: flags.runId ?? newRunId(),
    pid: process.pid,
    command: "build" as const,
    what: whatIsAsked(installables, flags),
    folder: process.cwd(),
    storeDir,
    isDetached: flags.runId !== undefined,
  };
  try {
    return await RunJournal.open(head, {
      stateDir: services.stateDir(),
      now: () => systemClock.now(),
      stop: interrupt,
    });
  } catch (error) {
    if (head.isDetached) throw error;
    return undefined;
  }
}

/** As a person would say it again: `-f release.nix tests.login`. */
function whatIsAsked(installables: readonly string[], { file, expr }: BuildFlags): string[] {
  if (file !== undefined) return ["-f", file, ...installables];
  if (expr !== undefined) return ["-E", expr, ...installables];
  return installables.length > 0 ? [...installables] : ["."];
}
