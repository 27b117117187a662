import type { Command } from "commander";
import type { Services } from "./services.ts";
import type { Terminal } from "./terminal.ts";

/** What every command is given. */
export interface CommandContext {
  readonly version: string;
  /** The command line, without the program. */
  readonly args: readonly string[];
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C and by SIGTERM: stop what runs elsewhere, then return. */
  readonly signal: AbortSignal;
  /** As Ctrl-C does: aborts `signal`, and when that was done before, ends the process at once. */
  interrupt(): void;
  readonly services: Services;
  /** Every command there is, for those that speak of commands. */
  readonly commands: readonly CommandEntry[];
  /** Sets the exit code of a command that ended without an error of ours, such as a failed build. */
  exitWith(code: number): void;
}

/** A command's file exports one of these as `command`. */
export type CommandFactory = (context: CommandContext) => Command;

/** A command as `elsewhere --help` lists it; its file is loaded when it is used. */
export interface CommandEntry {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandFactory }>;
}
