import { writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { encodeText } from "#base/text.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import { MemoryWatch } from "../memory-watch.ts";
import type { OutputPipes } from "../output-pipe.ts";
import { killProcesses, processTree } from "../process-tree.ts";
import type { ResourceUsage, RunOptions, Sandbox, SandboxOutcome, SandboxSpec } from "../sandbox.ts";
import { UsageSampler } from "../usage-sampler.ts";
import { ARGUMENTS_FD, bubblewrapArguments, FILTER_FD } from "./bubblewrap-arguments.ts";
import { StatusReader } from "./bubblewrap-status.ts";
import type { BubblewrapTools } from "./bubblewrap-tools.ts";
import type { ControlGroups } from "./control-group.ts";
import { describeSetupFailure } from "./setup-failure.ts";
import { mountTable } from "./staged-mounts.ts";
import { systemCallFilter } from "./system-call-filter.ts";
import { type WaitingShell, WaitingShells } from "./waiting-shell.ts";

export interface BubblewrapParts {
  readonly tools: BubblewrapTools;
  readonly pipes: OutputPipes;
  readonly controlGroups: ControlGroups;
  /** A name for a control group, that no other has. */
  readonly newName: () => string;
}

/** Linux namespaces, entered by the system's bubblewrap: what a builder finds inside is what Nix's sandbox has. */
export class BubblewrapSandbox implements Sandbox {
  readonly kind = "bubblewrap";
  readonly movesPaths = true;
  readonly #tools: BubblewrapTools;
  readonly #shells: WaitingShells;

  constructor({ tools, ...parts }: BubblewrapParts) {
    this.#tools = tools;
    this.#shells = new WaitingShells({ sh: tools.sh, ...parts });
  }

  async run(spec: SandboxSpec, options: RunOptions): Promise<SandboxOutcome> {
    options.signal.throwIfAborted();
    const script = await this.#writeScript(spec);
    const shell = await this.#shells.take();
    try {
      shell.become(script);
      return await attend({ shell, spec }, options);
    } finally {
      shell.pipe.reader.destroy();
      shell.group?.remove();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shells[Symbol.asyncDispose]();
  }

  /** What a waiting shell does to become the sandbox; its files lie beside it. */
  async #writeScript(spec: SandboxSpec): Promise<string> {
    const staged = spec.mounts.length > STAGED_MOUNTS_MIN ? await mountTable(spec) : undefined;
    const filter = spec.filterSystemCalls ? systemCallFilter() : undefined;
    const args = bubblewrapArguments(spec, {
      hasFilter: filter !== undefined,
      withMounts: staged === undefined,
      canNameProgram: this.#tools.canNameProgram,
    });
    const file = (name: string) => `${spec.scratchDir}/${name}`;
    const command = [...this.#tools.launch({ system: spec.system, staged }), ...commandOf(spec)];
    const redirections = [
      "</dev/null",
      `${ARGUMENTS_FD}<${quoteShellWord(file("arguments"))}`,
      ...(filter ? [`${FILTER_FD}<${quoteShellWord(file("filter"))}`] : []),
    ];
    const script = ["exec", ...command.map(quoteShellWord), ...redirections].join(" ");
    await writeFile(file("arguments"), encodeText(args.map((arg) => `${arg}\0`).join("")));
    if (filter) await writeFile(file("filter"), filter);
    await writeFile(file("launch"), encodeText(`${script}\n`));
    return file("launch");
  }
}

interface Run {
  readonly shell: WaitingShell;
  readonly spec: SandboxSpec;
}

async function attend({ shell, spec }: Run, { signal, onOutput }: RunOptions): Promise<SandboxOutcome> {
  const { child, pipe, group } = shell;
  const kill = () => {
    if (child.pid !== undefined) killProcesses(processTree(child.pid));
  };
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const status = new StatusReader(shell.status);
  const { memoryMaxBytes: maxBytes } = spec;
  const isHeld = maxBytes !== undefined && group?.limitMemory(maxBytes) === true;
  const needsSampler = !group || (maxBytes !== undefined && !isHeld);
  using sampler = needsSampler && child.pid !== undefined ? new UsageSampler(child.pid) : undefined;
  const isOver = () => (isHeld ? group.wasOverMemory() : (sampler?.memoryBytes ?? 0) > maxBytes!);
  using memory = maxBytes === undefined ? undefined : new MemoryWatch({ isOver, kill });
  try {
    const firstOutput = await forward(pipe.reader, onOutput, kill);
    const { code, signal: killedBy, error } = await shell.exited;
    const usage: ResourceUsage = group?.readUsage() ?? sampler?.usage ?? { measuredBy: "none" };
    if (signal.aborted) return { end: { kind: "signalled", signal: "SIGKILL" }, usage };
    if (memory?.wasOver) return { end: { kind: "over-memory" }, usage };
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

/** A program without a slash is one in the working folder, as for execve; bubblewrap would look through PATH. */
function commandOf({ program, argv }: SandboxSpec): string[] {
  return ["--", program.includes("/") ? program : `./${program}`, ...argv.slice(1)];
}

/** From here on mounting one by one costs bubblewrap more than a table that mount(8) reads: its cost is quadratic. */
const STAGED_MOUNTS_MIN = 96;
const FIRST_OUTPUT_BYTES_MAX = 4096;
