import { existsSync, readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { ElsewhereError } from "#base/errors.ts";
import { followRun } from "#build/journal/follow-run.ts";
import { watchRun } from "#build/journal/run-door.ts";
import type { RunHead } from "#build/journal/run-folder.ts";
import { findRun, type SeenRun } from "#build/journal/run-list.ts";
import { parseStoreDir } from "#nix/store-path.ts";
import { openView } from "../build/open-view.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodeOf } from "../error-report.ts";
import { jsonLogTerminal } from "../progress/json-log.ts";
import { LOG_FORMATS, type RunView, type ViewFlags } from "../progress/run-view.ts";
import { printSummary } from "../progress/summary/summary.ts";

/** `elsewhere attach`: comes back to a run. */
export function command(context: CommandContext): Command {
  return new Command("attach")
    .description(
      "Come back to a build: what happened so far, and then what happens, as if it had been started here. It ends with " +
        "the build, with the same exit code and the same output. Ctrl-C leaves the build running.",
    )
    .argument("[run]", "the beginning of its name; without it, the newest that goes on")
    .option("-L, --print-build-logs", "show the log of every build")
    .addOption(new Option("--log-format <format>", "how to show it").choices(LOG_FORMATS))
    .option("-v, --verbose", "say more", (_: string, before: number) => before + 1, 0)
    .option("-q, --quiet", "say only what went wrong")
    .addHelpText(
      "after",
      `
Examples:
  run=$(elsewhere build .#world --detach)
  elsewhere attach $run
  elsewhere attach                          the newest, also one that was started in another terminal
Exit code: that of the build; 130 when it was left running.`,
    )
    .action((word: string | undefined, flags: ViewFlags) => run(context, word, flags));
}

async function run(given: CommandContext, word: string | undefined, flags: ViewFlags): Promise<void> {
  const isJson = flags.logFormat === "internal-json";
  const context = isJson ? { ...given, terminal: jsonLogTerminal(given.terminal) } : given;
  const { services, terminal, signal } = context;
  const seen = await findRun(services.stateDir(), word);
  const { head, folder } = seen;
  // What stops here is the watching, not the build.
  const view = openView(terminal, flags, {
    storeDir: parseStoreDir(head.storeDir),
    signal: new AbortController().signal,
    isHere: (builder) => builder === "here",
  });
  const errors = new Leftover(head.isDetached ? folder.errors : undefined);
  if (seen.state === "running") terminal.error(errors.read());
  const isOver = await show(seen, view, signal);
  if (!isOver) {
    const back = `'elsewhere attach ${head.id}' comes back, 'elsewhere stop ${head.id}' stops it`;
    terminal.error(`left running: ${back}\n`);
    return context.exitWith(exitCodeOf(signal.reason));
  }
  const end = folder.end ?? failAsGone(head);
  printSummary(terminal, view.progress, flags);
  terminal.error(head.isDetached ? errors.read() : end.error ? `${end.error}\n` : "");
  if (existsSync(folder.output)) await terminal.print(readFileSync(folder.output));
  context.exitWith(end.exitCode);
}

/** Shows a run to its end; false when `signal` came before. */
async function show({ head, folder }: SeenRun, view: RunView, signal: AbortSignal): Promise<boolean> {
  const watching = await watchRun(head.socket);
  try {
    const ended = watching?.ended ?? Promise.resolve();
    for await (const event of followRun(folder.events, { ended, signal })) view.take(event);
  } finally {
    view[Symbol.dispose]();
    watching?.leave();
  }
  return !signal.aborted;
}

function failAsGone({ id, pid, what }: RunHead): never {
  throw new ElsewhereError("RUN_GONE", `Run '${id}' ended abnormally: its process ${pid} is gone`, {
    hint: `it was killed, or this machine went down; 'elsewhere build ${what.join(" ")}' goes on where it was`,
  });
}

/** A file, of which each part is read once. */
class Leftover {
  readonly #file: string | undefined;
  #read = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  read(): string {
    if (this.#file === undefined || !existsSync(this.#file)) return "";
    const rest = readFileSync(this.#file).subarray(this.#read);
    this.#read += rest.length;
    return rest.toString();
  }
}
