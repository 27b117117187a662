import { Buffer } from "node:buffer";
import { parse, TomlError } from "smol-toml";
import { messageOf } from "#base/errors.ts";
import { isBase64, type Machine, MachineError, type MachineSource, machineUri } from "./machine.ts";

/** Whether a machines file is in Lix's TOML form, which begins with its version. */
export function isTomlMachines(text: string): boolean {
  return /^\s*(version\s*=|\[machines\b)/m.test(text) && !/^\s*@/m.test(text);
}

/** Reads `version = 1` and tables `[machines.NAME]`. Source: Lix manual, "Remote builds". */
export function parseTomlMachines(text: string, { file, defaultSystem }: TomlOptions): Machine[] {
  const root = parseToml(text, file);
  const top = new Table(root, { file, line: 1 });
  const version = top.number("version");
  if (version !== 1) throw top.fault(`want version = 1, not ${version}`);
  const machines = Object.entries(top.table("machines"));
  top.finish();
  return machines.map(([name, value]) => {
    const source = { file, line: lineOf(text, name) };
    if (!isTable(value)) throw new MachineError(source, `'${name}' is no table`, TABLES);
    return readMachine(new Table(value, source), defaultSystem);
  });
}

interface TomlOptions {
  readonly file: string;
  readonly defaultSystem: string;
}

function readMachine(table: Table, defaultSystem: string): Machine {
  const uri = table.string("uri");
  if (!uri) throw table.fault("it has no 'uri'");
  const speedFactor = table.number("speed-factor") ?? 1;
  const maxJobs = table.number("jobs") ?? 1;
  if (!(speedFactor >= 0)) throw table.fault(`'speed-factor' is ${speedFactor}; want 0 or more`);
  if (!Number.isInteger(maxJobs) || maxJobs < 0)
    throw table.fault(`'jobs' is ${maxJobs}; want a whole number`);
  const machine = {
    uri: machineUri(uri),
    systems: table.strings("system-types") ?? [defaultSystem],
    sshKey: table.string("ssh-key"),
    maxJobs,
    speedFactor: speedFactor === 0 ? 1 : speedFactor,
    supportedFeatures: table.strings("supported-features") ?? [],
    mandatoryFeatures: table.strings("mandatory-features") ?? [],
    sshPublicHostKey: hostKeyOf(table),
    enabled: table.boolean("enable") ?? true,
    source: table.source,
  };
  table.finish();
  return machine;
}

/** Written plainly (`ssh-ed25519 AAAA…`) or in base64, as in the old form. */
function hostKeyOf(table: Table): string | undefined {
  const key = table.string("ssh-public-host-key");
  if (key === undefined || key === "") return undefined;
  if (key.trim().includes(" ")) return Buffer.from(`${key.trim()}\n`).toString("base64");
  if (!isBase64(key))
    throw table.fault(`'ssh-public-host-key' is '${key}'; want a host key, plain or in base64`);
  return key;
}

/** Takes values out of a TOML table by name and type, and refuses those that nobody took. */
class Table {
  readonly source: MachineSource;
  readonly #values: Map<string, unknown>;

  constructor(values: object, source: MachineSource) {
    this.#values = new Map(Object.entries(values));
    this.source = source;
  }

  string(name: string): string | undefined {
    return this.#take(name, "a string", (value) => typeof value === "string");
  }

  number(name: string): number | undefined {
    return this.#take(name, "a number", (value) => typeof value === "number");
  }

  boolean(name: string): boolean | undefined {
    return this.#take(name, "true or false", (value) => typeof value === "boolean");
  }

  strings(name: string): string[] | undefined {
    const isStrings = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((item) => typeof item === "string");
    return this.#take(name, "a list of strings", isStrings);
  }

  table(name: string): object {
    return this.#take(name, "a table", isTable) ?? {};
  }

  finish(): void {
    const [unknown] = this.#values.keys();
    if (unknown !== undefined) throw this.fault(`'${unknown}' is no setting of a machine`);
  }

  fault(why: string): MachineError {
    return new MachineError(this.source, why, TABLES);
  }

  #take<T>(name: string, want: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#values.get(name);
    this.#values.delete(name);
    if (value === undefined || is(value)) return value;
    throw this.fault(`'${name}' is not ${want}`);
  }
}

function parseToml(text: string, file: string): object {
  try {
    return parse(text);
  } catch (cause) {
    const line = cause instanceof TomlError ? cause.line : 1;
    throw new MachineError({ file, line }, messageOf(cause).split("\n")[0]!, TABLES);
  }
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The line of a machine's heading, from 1; 1 where it has none of its own. */
function lineOf(text: string, name: string): number {
  const quoted = name.replace(/[^\w-]/g, "\\$&");
  const heading = new RegExp(`^\\s*\\[\\s*machines\\s*\\.\\s*["']?${quoted}["']?\\s*\\]`);
  return text.split("\n").findIndex((line) => heading.test(line)) + 1 || 1;
}

const TABLES =
  "After 'version = 1' each table [machines.NAME] has uri, and may have system-types, supported-features, mandatory-features, jobs, speed-factor, ssh-key, ssh-public-host-key, enable";
