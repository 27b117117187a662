import type { BuildEvent } from "#build/events.ts";
import type { Progress } from "./progress.ts";

/** What shows a run: it is given every event, and is disposed of when there are no more. */
export interface RunView extends Disposable {
  readonly progress: Progress;
  take(event: BuildEvent): void;
  /** Says what others have to say, where it stays. */
  say(lines: readonly string[]): void;
}

/** As `--log-format` has them. Source: Nix, `parseLogFormat`. */
export const LOG_FORMATS = ["bar", "bar-with-logs", "raw", "raw-with-logs", "internal-json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** What of a command line concerns what is shown. */
export interface ViewFlags {
  readonly logFormat?: LogFormat;
  readonly printBuildLogs?: boolean;
  readonly verbose?: number;
  readonly quiet?: boolean;
}
