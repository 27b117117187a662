import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { OutputPipe, OutputPipes } from "../output-pipe.ts";
import { STATUS_FD } from "./bubblewrap-arguments.ts";
import type { ControlGroup, ControlGroups } from "./control-group.ts";

/** How a process ended, or why there is none. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

/** A shell that has joined a control group of its own and waits to be told what to become. */
export interface WaitingShell {
  readonly child: ChildProcess;
  readonly group: ControlGroup | undefined;
  /** What it, and what it becomes, write to standard output and error. */
  readonly pipe: OutputPipe;
  readonly status: Readable;
  readonly exited: Promise<Exit>;
  /** Lets it run the script in a file, which must end in `exec`. */
  become(scriptFile: string): void;
}

export interface WaitingShellParts {
  readonly sh: string;
  readonly pipes: OutputPipes;
  readonly controlGroups: ControlGroups;
  /** A name for a control group, that no other has. */
  readonly newName: () => string;
}

/**
 * Keeps one shell ready. To join a control group takes the kernel some 10 ms, which a build would wait for; the next
 * one's shell does it while this one runs. A shell whose process was killed reads the end of its input, and ends.
 */
export class WaitingShells implements AsyncDisposable {
  readonly #parts: WaitingShellParts;
  #next: Promise<WaitingShell> | undefined;

  constructor(parts: WaitingShellParts) {
    this.#parts = parts;
  }

  /** The ready one, or a new one. */
  async take(): Promise<WaitingShell> {
    const ready = this.#next ?? startShell(this.#parts);
    this.#next = startShell(this.#parts);
    this.#next.catch(() => undefined);
    const shell = await ready;
    if (shell.child.exitCode === null && shell.child.signalCode === null) return shell;
    letGo(shell);
    return await startShell(this.#parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const shell = await this.#next?.catch(() => undefined);
    this.#next = undefined;
    if (!shell) return;
    shell.child.stdin?.end();
    await shell.exited;
    letGo(shell);
  }
}

function letGo({ pipe, group }: WaitingShell): void {
  pipe.reader.destroy();
  group?.remove();
}

async function startShell({ sh, pipes, controlGroups, newName }: WaitingShellParts): Promise<WaitingShell> {
  const pipe = await pipes.open();
  const group = controlGroups.create(newName());
  const child = spawn(sh, ["-c", WAIT, "elsewhere", ...(group?.joinFiles ?? [])], {
    stdio: ["pipe", pipe.writerFd, pipe.writerFd, "pipe"],
    env: {},
  });
  pipe.closeWriter();
  const input = child.stdin as Writable;
  // One that ended early is told by how it ended.
  input.on("error", () => undefined);
  return {
    child,
    group,
    pipe,
    status: child.stdio[STATUS_FD] as Readable,
    exited: exitOf(child),
    become: (scriptFile) => input.end(`${scriptFile}\n`),
  };
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    return { code, signal };
  } catch (error) {
    return { code: null, signal: null, error: error as Error };
  }
}

/** Joins the control groups and waits. Builds get Nix's umask and no core files. */
const WAIT = 'umask 022; ulimit -S -c 0; for file do echo $$ > "$file"; done; read -r script && . "$script"';
