import type { FetchPolicy } from "#build/engine/realise-request.ts";
import type { LogFormat } from "../progress/run-view.ts";
import type { SettingFlags } from "../setting-flags.ts";

/** What `elsewhere build` takes beside what is to be built. */
export interface BuildFlags extends SettingFlags {
  readonly file?: string;
  readonly expr?: string;
  readonly impure?: boolean;
  readonly arg?: readonly string[];
  readonly argstr?: readonly string[];
  readonly evalStore?: string;
  readonly outLink?: string;
  readonly link?: boolean;
  readonly fetch?: FetchPolicy;
  readonly dryRun?: boolean;
  readonly printOutPaths?: boolean;
  readonly json?: boolean;
  readonly printBuildLogs?: boolean;
  readonly logFormat?: LogFormat;
  readonly detach?: boolean;
  /** The name of the run, given by who left it alone. */
  readonly runId?: string;
}
