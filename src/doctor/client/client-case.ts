import type { ConfLine } from "#nix/conf.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { WrittenMachines } from "../machine-line/entry.ts";
import type { JudgedLine } from "../machine-line/judge-line.ts";
import type { Outside, Ran } from "../outside.ts";

/** This machine, as far as it sends builds away. What is asked twice is found out once. */
export interface ClientCase {
  readonly outside: Outside;
  /** What could be read of the configuration; the fault where it could not. */
  readonly configuration: Configuration;
  readonly machines: readonly JudgedLine[];
  readonly written: WrittenMachines;
  /** Why the machines could not be read. */
  readonly machinesFault: string | undefined;
  nix(): Promise<FoundNix | undefined>;
  daemon: DaemonPlace;
}

export interface Configuration {
  readonly settings: ResolvedSettings;
  /** Every line, the weightiest last. */
  readonly lines: readonly ConfLine[];
  /** The files that were looked for, of the system first. */
  readonly files: readonly string[];
  readonly fault: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** The Nix of this machine. */
export interface FoundNix {
  readonly ran: Ran;
  /** Such as `2.34.8`; undefined where it does not say. */
  readonly version: string | undefined;
}

/** Where the daemon of this machine listens. */
interface DaemonPlace {
  readonly socket: string;
  /** Whether builds go through a daemon: there is a socket. */
  readonly isUsed: boolean;
}

/** The place of the last line that sets a name: `FILE:LINE`. */
export function placeOfSetting({ lines }: Configuration, name: string): string | undefined {
  const line = lines.findLast((one) => one.name === name || one.name === `extra-${name}`);
  return line && `${line.file}:${line.line}`;
}
