import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { flag, list, literal, object, optional, type Shape, text, whole } from "#base/json-shape.ts";

/** What a run is: written when it begins, and not changed after that. */
export interface RunHead {
  readonly id: string;
  readonly pid: number;
  readonly startedMs: number;
  /** What asked for it: a command line, Nix by its build hook, or a client of the daemon. */
  readonly command: "build" | "hook" | "daemon";
  /** In the words of who asked. */
  readonly what: readonly string[];
  readonly folder: string;
  readonly storeDir: string;
  /** It has no terminal. */
  readonly isDetached: boolean;
  /** Where it can be asked how far it is, and to stop; whoever listens there is alive. */
  readonly socket: string;
}

/** How a run ended. A run that has none of this and does not answer was ended from outside. */
export interface RunEnd {
  readonly exitCode: number;
  readonly endedMs: number;
  /** What was thrown, as a person was told it. */
  readonly error?: string;
}

/** The folder of one run, below `runs` in the state folder. */
export class RunFolder {
  readonly path: string;

  constructor(stateDir: string, id: string) {
    this.path = join(runsFolder(stateDir), id);
  }

  /** One event a line, as `event-json.ts` has it. */
  get events(): string {
    return join(this.path, "events.jsonl");
  }

  /** What a detached run prints. */
  get output(): string {
    return join(this.path, "stdout");
  }

  /** What a detached run says beside its events. */
  get errors(): string {
    return join(this.path, "stderr");
  }

  get head(): RunHead | undefined {
    return readShape(join(this.path, "run.json"), headShape);
  }

  get end(): RunEnd | undefined {
    return readShape(join(this.path, "end.json"), endShape);
  }

  make(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  writeHead(head: RunHead): void {
    writeWhole(join(this.path, "run.json"), head);
  }

  writeEnd(end: RunEnd): void {
    writeWhole(join(this.path, "end.json"), end);
  }

  /** A socket's path must be short. */
  socketPath(id: string): string {
    const inside = join(this.path, "socket");
    return Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX
      ? inside
      : join(tmpdir(), `elsewhere-run-${id}`);
  }
}

export function runsFolder(stateDir: string): string {
  return join(stateDir, "runs");
}

/** The ids of all runs that are kept, in no order. */
export function runIds(stateDir: string): string[] {
  const folder = runsFolder(stateDir);
  return existsSync(folder) ? readdirSync(folder).filter((name) => ID.test(name)) : [];
}

/** Throws for what cannot be the name of a run, or the beginning of one. */
export function checkRunId(id: string): string {
  if (!/^[0-9a-z]{1,8}$/.test(id))
    throw new ElsewhereError("NO_SUCH_RUN", `Cannot find run '${id}': that is not the name of one`, {
      hint: "'elsewhere ps --all' lists them",
    });
  return id;
}

const headShape = object<RunHead>({
  id: text,
  pid: whole,
  startedMs: whole,
  command: literal("build", "hook", "daemon"),
  what: list(text),
  folder: text,
  storeDir: text,
  isDetached: flag,
  socket: text,
});
const endShape = object<RunEnd>({ exitCode: whole, endedMs: whole, error: optional(text) });

/** Undefined for what is not there, or was not written by us. */
function readShape<T>(file: string, shape: Shape<T>): T | undefined {
  try {
    return shape(JSON.parse(readFileSync(file, "utf8")), "run");
  } catch {
    return undefined;
  }
}

function writeWhole(file: string, value: object): void {
  try {
    writeFileSync(`${file}.tmp`, `${JSON.stringify(value)}\n`);
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    throw new ElsewhereError("STATE_FOLDER", `Cannot write '${file}': ${messageOf(error)}`, { cause: error });
  }
}

const ID = /^[0-9a-z]{6,8}$/;
/** Source: unix(7): 108 with the zero at its end, and 104 on macOS. */
const SOCKET_PATH_BYTES_MAX = 100;
