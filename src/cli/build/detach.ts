import { once } from "node:events";
import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { RunFolder } from "#build/journal/run-folder.ts";
import { newRunId } from "#build/journal/run-journal.ts";
import type { CommandContext } from "../command-context.ts";
import type { DetachedProcess } from "../services.ts";

/**
 * Leaves the build of this command line to a process of its own, and prints the name of the run as soon as that knows what to
 * build. What is wrong with the request is said here.
 */
export async function detach(context: CommandContext, installables: readonly string[]): Promise<void> {
  const { services, terminal, signal } = context;
  const id = newRunId();
  const folder = new RunFolder(services.stateDir(), id);
  folder.make();
  const child = await services.startDetached({
    args: argumentsFor(context.args, id),
    output: folder.output,
    errors: folder.errors,
    takesInput: installables.includes("-"),
  });
  const ended = await begunOrEnded(folder, child, signal);
  if (ended !== undefined && !folder.head) {
    terminal.error(readFileSync(folder.errors, "utf8"));
    context.exitWith(ended);
    return;
  }
  child.release();
  await terminal.print(`${id}\n`);
  terminal.error(`building on its own: 'elsewhere attach ${id}' shows it, 'elsewhere stop ${id}' stops it\n`);
}

/** The same words, for a process that has been left alone. */
function argumentsFor(args: readonly string[], id: string): string[] {
  const end = args.indexOf("--");
  const kept = args.filter((arg, place) => arg !== "--detach" || (end >= 0 && place > end));
  const command = kept.indexOf("build") + 1;
  return [...kept.slice(0, command), "--run-id", id, ...kept.slice(command)];
}

/** Undefined when the run has begun; else the exit code of what ended before. */
async function begunOrEnded(
  folder: RunFolder,
  child: DetachedProcess,
  signal: AbortSignal,
): Promise<number | undefined> {
  const settled = new AbortController();
  const stop = () => child.interrupt();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([child.ended, appeared(join(folder.path, "run.json"), settled.signal)]);
  } finally {
    settled.abort();
    signal.removeEventListener("abort", stop);
  }
}

async function appeared(file: string, signal: AbortSignal): Promise<undefined> {
  const changes = watch(join(file, ".."), { signal });
  changes.on("error", () => undefined);
  while (!existsSync(file) && !signal.aborted)
    await Promise.race([once(changes, "change"), once(changes, "close")]);
  changes.close();
}
