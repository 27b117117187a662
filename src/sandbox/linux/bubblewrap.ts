import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { encodeText } from "#base/text.ts";
import type { OutputPipe, OutputPipes } from "../output-pipe.ts";
import { killProcesses, processTree } from "../process-tree.ts";
import type { ResourceUsage, RunOptions, Sandbox, SandboxOutcome, SandboxSpec } from "../sandbox.ts";
import { UsageSampler } from "../usage-sampler.ts";
import { bubblewrapArguments, STATUS_FD } from "./bubblewrap-arguments.ts";
import { StatusReader } from "./bubblewrap-status.ts";
import type { BubblewrapTools } from "./bubblewrap-tools.ts";
import type { ControlGroup, ControlGroups } from "./control-group.ts";
import { describeSetupFailure } from "./setup-failure.ts";
import { mountTable } from "./staged-mounts.ts";
import { systemCallFilter } from "./system-call-filter.ts";

export interface BubblewrapParts {
  readonly tools: BubblewrapTools;
  readonly pipes: OutputPipes;
  readonly controlGroups: ControlGroups;
}

/** Linux namespaces, entered by the system's bubblewrap: what a builder finds inside is what Nix's sandbox has. */
export class BubblewrapSandbox implements Sandbox {
  readonly kind = "bubblewrap";
  readonly movesPaths = true;
  readonly #parts: BubblewrapParts;

  constructor(parts: BubblewrapParts) {
    this.#parts = parts;
  }

  async run(spec: SandboxSpec, options: RunOptions): Promise<SandboxOutcome> {
    options.signal.throwIfAborted();
    const group = this.#parts.controlGroups.create(spec.name);
    const pipe = await this.#parts.pipes.open();
    try {
      const child = await this.#spawn(spec, pipe, group);
      pipe.closeWriter();
      return await this.#attend({ child, pipe, group, spec }, options);
    } finally {
      pipe.closeWriter();
      pipe.reader.destroy();
      group?.remove();
    }
  }

  async #spawn(spec: SandboxSpec, pipe: OutputPipe, group: ControlGroup | undefined) {
    const { tools } = this.#parts;
    const staged = spec.mounts.length > STAGED_MOUNTS_MIN ? await mountTable(spec) : undefined;
    const filter = spec.filterSystemCalls ? systemCallFilter() : undefined;
    const args = bubblewrapArguments(spec, {
      hasFilter: filter !== undefined,
      withMounts: staged === undefined,
      canNameProgram: tools.canNameProgram,
    });
    const argsFd = await openScratch(
      `${spec.scratchDir}/arguments`,
      encodeText(args.map((arg) => `${arg}\0`).join("")),
    );
    const filterFd = filter ? await openScratch(`${spec.scratchDir}/filter`, filter) : undefined;
    try {
      const stdio = ["ignore", pipe.writerFd, pipe.writerFd, "pipe", argsFd, filterFd ?? "ignore"] as const;
      const command = [
        ...tools.launch({ joinFiles: group?.joinFiles ?? [], system: spec.system, staged }),
        ...commandOf(spec),
      ];
      const child = spawn(command[0]!, command.slice(1), { stdio: [...stdio], env: {}, detached: false });
      return child;
    } finally {
      closeSync(argsFd);
      if (filterFd !== undefined) closeSync(filterFd);
    }
  }

  async #attend(run: Run, { signal, onOutput }: RunOptions): Promise<SandboxOutcome> {
    const { child, pipe, group, spec } = run;
    const kill = () => {
      if (child.pid !== undefined) killProcesses(processTree(child.pid));
    };
    signal.addEventListener("abort", kill, { once: true });
    if (signal.aborted) kill();
    const status = new StatusReader(child.stdio[STATUS_FD] as Readable);
    const exited = exitOf(child);
    using sampler = group || child.pid === undefined ? undefined : new UsageSampler(child.pid);
    try {
      const firstOutput = await forward(pipe.reader, onOutput, kill);
      const { code, signal: killedBy, error } = await exited;
      const usage: ResourceUsage = group?.readUsage() ?? sampler?.usage ?? { measuredBy: "none" };
      if (signal.aborted) return { end: { kind: "signalled", signal: "SIGKILL" }, usage };
      const exitCode = await status.exitCode;
      const why = exitCode === 0 ? undefined : notStarted(firstOutput, spec);
      if (why !== undefined) return { end: { kind: "not-started", why }, usage };
      if (exitCode === undefined)
        throw describeSetupFailure({ error, text: firstOutput, code, signal: killedBy });
      return { end: { kind: "exited", code: exitCode }, usage };
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly pipe: OutputPipe;
  readonly group: ControlGroup | undefined;
  readonly spec: SandboxSpec;
}

/** Passes the output on; returns its first bytes as text. A consumer that throws ends the run. */
async function forward(
  reader: Readable,
  onOutput: RunOptions["onOutput"],
  kill: () => void,
): Promise<string> {
  let first = "";
  try {
    for await (const chunk of reader) {
      if (first.length < FIRST_OUTPUT_BYTES_MAX) first += (chunk as Buffer).toString("latin1");
      await onOutput(chunk as Buffer);
    }
  } catch (error) {
    kill();
    throw error;
  }
  return first.slice(0, FIRST_OUTPUT_BYTES_MAX);
}

/** The system's word for why bubblewrap could not start the program, if that is what it said. */
function notStarted(firstOutput: string, { program }: SandboxSpec): string | undefined {
  const prefix = `bwrap: execvp ${program.includes("/") ? program : `./${program}`}: `;
  return firstOutput.startsWith(prefix) ? firstOutput.slice(prefix.length).trim() : undefined;
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    return { code, signal };
  } catch (error) {
    return { code: null, signal: null, error: error as Error };
  }
}

async function openScratch(path: string, contents: Uint8Array): Promise<number> {
  await writeFile(path, contents);
  return openSync(path, "r");
}

/** A program without a slash is one in the working folder, as for execve; bubblewrap would look through PATH. */
function commandOf({ program, argv }: SandboxSpec): string[] {
  return ["--", program.includes("/") ? program : `./${program}`, ...argv.slice(1)];
}

/** From here on mounting one by one costs bubblewrap more than a table that mount(8) reads: its cost is quadratic. */
const STAGED_MOUNTS_MIN = 96;
const FIRST_OUTPUT_BYTES_MAX = 4096;
