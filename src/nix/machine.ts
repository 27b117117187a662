import { ElsewhereError } from "#base/errors.ts";

/** A builder of the machines file or of the `builders` setting. */
export interface Machine {
  /** A store URI; `ssh://` was put before a bare host. */
  readonly uri: string;
  /** Never empty. */
  readonly systems: readonly string[];
  /** File with the private key to use. */
  readonly sshKey?: string | undefined;
  readonly maxJobs: number;
  /** Above 0. */
  readonly speedFactor: number;
  readonly supportedFeatures: readonly string[];
  /** Builds go there only if they require all of these. */
  readonly mandatoryFeatures: readonly string[];
  /** A line of `known_hosts` without its host, in base64. */
  readonly sshPublicHostKey?: string | undefined;
  readonly enabled: boolean;
  /** Where it is written: a file or the setting, and the line from 1. */
  readonly source: MachineSource;
}

export interface MachineSource {
  readonly file: string;
  readonly line: number;
}

/** One machine as a line of a machines file. */
export function formatMachine(machine: Machine): string {
  const list = (values: readonly string[]) => (values.length > 0 ? values.join(",") : "-");
  return [
    machine.uri,
    list(machine.systems),
    machine.sshKey ?? "-",
    machine.maxJobs,
    machine.speedFactor,
    list(machine.supportedFeatures),
    list(machine.mandatoryFeatures),
    machine.sshPublicHostKey ?? "-",
  ].join(" ");
}

/** A whole machines file. Machines that are not enabled become comments. */
export function formatMachines(machines: readonly Machine[]): string {
  return machines.map((machine) => `${machine.enabled ? "" : "# "}${formatMachine(machine)}\n`).join("");
}

/** Puts `ssh://` before a bare host. */
export function machineUri(text: string): string {
  return /\/|^(auto|daemon|local)(\?|$)/.test(text) ? text : `ssh://${text}`;
}

/** Checks base64 as leniently as Nix decodes it. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\s]*(=.*)?$/s.test(text);
}

/** A machine at fault, with the line that it is on. */
export class MachineError extends ElsewhereError {
  override readonly name = "MachineError";
  constructor({ file, line }: MachineSource, why: string, hint = FIELDS) {
    super("BAD_MACHINE", `Cannot read the machine at ${file}:${line}: ${why}`, { hint });
  }
}

const FIELDS =
  "Fields: URI SYSTEMS SSH-KEY MAX-JOBS SPEED FEATURES MANDATORY-FEATURES BASE64-HOST-KEY; '-' leaves one out";
