import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "#base/errors.ts";
import { encodeText } from "#base/text.ts";
import { MemoryWatch } from "../memory-watch.ts";
import type { OutputPipes } from "../output-pipe.ts";
import { killProcesses, processesWithEnvironment, processTree } from "../process-tree.ts";
import type { RunOptions, Sandbox, SandboxEnd, SandboxOutcome, SandboxSpec } from "../sandbox.ts";
import { UsageSampler } from "../usage-sampler.ts";

/** No sandbox: a process of its own session that sees the whole machine. All that it started ends with it. */
export class PlainProcessSandbox implements Sandbox {
  readonly kind = "none";
  readonly movesPaths = false;
  readonly #pipes: OutputPipes;

  constructor(pipes: OutputPipes) {
    this.#pipes = pipes;
  }

  async run(spec: SandboxSpec, { signal, onOutput }: RunOptions): Promise<SandboxOutcome> {
    signal.throwIfAborted();
    const pipe = await this.#pipes.open();
    const child = spawnPlain(spec, pipe.writerFd);
    pipe.closeWriter();
    const killAll = () => killRun(child.pid, spec.workingDir);
    let isOver = false;
    signal.addEventListener("abort", killAll, { once: true });
    const exited = endOf(child);
    // What outlives the builder would hold its output open for ever.
    const over = exited.then(() => {
      killAll();
      isOver = true;
    });
    using sampler = child.pid === undefined ? undefined : new UsageSampler(child.pid);
    const { memoryMaxBytes: maxBytes = Number.POSITIVE_INFINITY } = spec;
    const isTooMuch = () => (sampler?.memoryBytes ?? 0) > maxBytes;
    using memory = new MemoryWatch({ isOver: isTooMuch, kill: killAll });
    try {
      for await (const chunk of pipe.reader) await onOutput(chunk as Buffer);
      const end = await exited;
      return {
        end: memory.wasOver ? { kind: "over-memory" } : end,
        usage: sampler?.usage ?? { measuredBy: "none" },
      };
    } finally {
      // To look through all processes of a machine takes long: once is enough.
      if (!isOver) killAll();
      await over;
      signal.removeEventListener("abort", killAll);
      pipe.reader.destroy();
    }
  }
}

function spawnPlain({ program, argv, env, workingDir }: SandboxSpec, outputFd: number): ChildProcess {
  const umask = process.umask(0o022);
  try {
    return spawn(program, argv.slice(1), {
      argv0: argv[0] ?? program,
      cwd: workingDir,
      env: Object.fromEntries(env),
      stdio: ["ignore", outputFd, outputFd],
      detached: true,
    });
  } finally {
    process.umask(umask);
  }
}

async function endOf(child: ChildProcess): Promise<SandboxEnd> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    return signal === null ? { kind: "exited", code: code ?? 1 } : { kind: "signalled", signal };
  } catch (error) {
    return { kind: "not-started", why: messageOf(error) };
  }
}

function killRun(pid: number | undefined, workingDir: string): void {
  if (pid === undefined) return;
  killProcesses([-pid, ...processTree(pid).filter((each) => each !== process.pid)]);
  killProcesses(processesWithEnvironment(`NIX_BUILD_TOP=${encodeText(workingDir).toString("latin1")}\0`));
}
