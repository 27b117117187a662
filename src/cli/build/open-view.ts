import { systemClock } from "#base/clock.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import { nextActivityId } from "#store/activity-id.ts";
import { JsonLogView } from "../progress/json-log-view.ts";
import { emptyProgress } from "../progress/progress.ts";
import type { RunView, ViewFlags } from "../progress/run-view.ts";
import { ProgressView } from "../progress/view.ts";
import type { Terminal } from "../terminal.ts";

export interface RunViewOptions {
  readonly storeDir: StoreDir;
  /** When it aborts, the run is being stopped. */
  readonly signal: AbortSignal;
  /** Whether a builder is this machine. */
  readonly isHere: (builder: string) => boolean;
}

/** The view that a command line asks for. */
export function openView(terminal: Terminal, flags: ViewFlags, options: RunViewOptions): RunView {
  const { storeDir, signal, isHere } = options;
  const format = flags.logFormat ?? "bar";
  if (format === "internal-json")
    return new JsonLogView(terminal, {
      storeDir,
      machineOf: (builder) => (isHere(builder) ? "" : builder),
      nextId: nextActivityId,
    });
  return new ProgressView(terminal, {
    logs: flags.printBuildLogs === true || format.endsWith("-with-logs"),
    verbose: (flags.verbose ?? 0) > 0,
    quiet: flags.quiet === true,
    live: format.startsWith("bar"),
    signal,
    print: (path) => printStorePath(storeDir, path),
    now: () => systemClock.now(),
  });
}

/** For a run that nobody looks at: whoever comes back reads its events. */
export function unseenView(terminal: Terminal): RunView {
  return {
    progress: emptyProgress(),
    take: () => undefined,
    say: (lines) => terminal.error(`${lines.join("\n")}\n`),
    [Symbol.dispose]: () => undefined,
  };
}
