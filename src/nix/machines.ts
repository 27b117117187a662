import { ElsewhereError } from "#base/errors.ts";
import { isBase64, type Machine, MachineError, type MachineSource, machineUri } from "./machine.ts";
import { isTomlMachines, parseTomlMachines } from "./machines-toml.ts";

export interface MachinesOptions {
  /** Systems of a machine that names none: the client's own. */
  readonly defaultSystem: string;
  /** Contents of a file that is included by `@file`; undefined where there is none. */
  readonly readFile?: (path: string) => string | undefined;
  /** What the text is, for errors. */
  readonly file?: string;
}

/** Parses a machines file or the `builders` setting, or Lix's TOML form. Source: Nix manual, `builders`. */
export function parseMachines(text: string, options: MachinesOptions, depth = 0): Machine[] {
  const file = options.file ?? "builders";
  if (depth > INCLUDE_DEPTH_MAX)
    throw new ElsewhereError(
      "MACHINES_INCLUDE",
      `Cannot read machines from '${file}': it includes itself, or too many others`,
    );
  if (isTomlMachines(text)) return parseTomlMachines(text, { ...options, file });
  return entriesOf(text).flatMap(({ entry, line }) => {
    if (!entry.startsWith("@")) return [parseMachine(entry, { file, line }, options.defaultSystem)];
    const path = entry.slice(1).trim();
    const included = options.readFile?.(path);
    return included === undefined ? [] : parseMachines(included, { ...options, file: path }, depth + 1);
  });
}

function entriesOf(text: string): { entry: string; line: number }[] {
  return text.split("\n").flatMap((whole, index) =>
    whole
      .replace(/#.*$/s, "")
      .split(";")
      .map((entry) => ({ entry: entry.trim(), line: index + 1 }))
      .filter(({ entry }) => entry !== ""),
  );
}

function parseMachine(entry: string, source: MachineSource, defaultSystem: string): Machine {
  const fields = entry.split(/[ \t\r\n]+/).map((field) => (field === "-" ? undefined : field));
  const [uri, systems, sshKey, maxJobs, speedFactor, supported, mandatory, hostKey] = fields;
  if (!uri) throw new MachineError(source, "its first field, the store URI, is missing");
  if (hostKey !== undefined && !isBase64(hostKey))
    throw new MachineError(source, `its field 8, '${hostKey}', is no base64 of a host key`);
  return {
    uri: machineUri(uri),
    systems: systems ? listOf(systems) : [defaultSystem],
    sshKey,
    maxJobs: maxJobs === undefined ? 1 : parseJobs(maxJobs, source),
    speedFactor: speedFactor === undefined ? 1 : parseSpeed(speedFactor, source),
    supportedFeatures: listOf(supported ?? ""),
    mandatoryFeatures: listOf(mandatory ?? ""),
    sshPublicHostKey: hostKey,
    enabled: true,
    source,
  };
}

function parseJobs(text: string, source: MachineSource): number {
  const jobs = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(jobs <= JOBS_MAX)) throw new MachineError(source, `its field 4, '${text}', is no number of jobs`);
  return jobs;
}

function parseSpeed(text: string, source: MachineSource): number {
  const speed = /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(speed))
    throw new MachineError(source, `its field 5, '${text}', is no speed factor of 0 or more`);
  return speed === 0 ? 1 : speed;
}

function listOf(text: string): string[] {
  return [...new Set(text.split(",").filter((item) => item !== ""))];
}

/** Files within files. */
const INCLUDE_DEPTH_MAX = 16;
/** Nix reads an unsigned int. */
const JOBS_MAX = 2 ** 32 - 1;
