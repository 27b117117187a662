import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { Deferred } from "#base/deferred.ts";
import type { ByteStream } from "./byte-stream.ts";
import { NodeByteStream } from "./node-stream.ts";
import { OutputTail } from "./output-tail.ts";
import { SocketSource } from "./socket-source.ts";
import { TransportError } from "./transport-error.ts";

/** How a carried process ended, or, of one that goes on for others, its output. */
export interface ProcessEnd {
  /** Exit status; null when a signal ended it, and when it goes on. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last part of its standard error. */
  readonly stderr: string;
}

export interface CommandOptions {
  /** Names the other end in errors. */
  readonly peer?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What the process writes to its standard error, as it comes. */
  readonly onStderr?: (chunk: Uint8Array) => void;
  /** Turns an end that is no success into an error. */
  readonly explain?: (end: ProcessEnd) => Error;
  /** Ends the program when the stream is disposed; without it the end of its input does, and patience has a limit. */
  readonly hangUp?: (child: ChildProcess) => Promise<void> | void;
  /** It may go on for others when its own output has ended: for the stream that is the end. */
  readonly outlivesOutput?: boolean;
}

/** Starts a program and talks to its standard input and output. */
export function openCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): ByteStream {
  return startCommand(command, options).stream;
}

/** A program that runs, and the stream to it. */
export interface StartedCommand {
  readonly child: ChildProcess;
  readonly stream: ByteStream;
  /** How it ended, when all that it wrote to standard error is read. Rejects when it could not be started. */
  readonly ended: Promise<ProcessEnd>;
}

/** The same for those who must know the process. */
export function startCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): StartedCommand {
  const peer = options.peer ?? command[0];
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.env && { env: options.env }),
    ...(options.cwd && { cwd: options.cwd }),
  });
  const tail = new OutputTail();
  child.stderr.on("data", (chunk: Uint8Array) => {
    tail.push(chunk);
    options.onStderr?.(chunk);
  });
  const source = SocketSource.inPlaceOf(child.stdout);
  const output = source?.socket ?? child.stdout;
  const stream = new NodeByteStream({
    peer,
    input: output,
    source,
    output: child.stdin,
    close: async () => {
      child.stdin.end();
      output.destroy();
      await (options.hangUp ?? hangUpGently)(child);
    },
  });
  const explain = options.explain ?? ((end) => endError(peer, end));
  const ended = new Deferred<ProcessEnd>();
  ended.promise.catch(() => undefined);
  child.once("error", (error) => {
    stream.settle(spawnError(program, error));
    ended.reject(spawnError(program, error));
  });
  if (options.outlivesOutput)
    output.once("end", async () => {
      await setTimeout(LAST_WORDS_MS, undefined, { ref: false });
      const end = { code: null, signal: null, stderr: tail.text };
      stream.settle(tail.text === "" ? undefined : explain(end));
    });
  child.once("exit", async (code, signal) => {
    if (!source) keepUnread(child.stdout);
    await finished(child.stderr, { writable: false }).catch(() => undefined);
    const end = { code, signal, stderr: tail.text };
    stream.settle(code === 0 ? undefined : explain(end));
    ended.resolve(end);
  });
  return { child, stream, ended: ended.promise };
}

/** What a process wrote that nobody has begun to read: Node throws that away when it ends, unless somebody seems to read. */
function keepUnread(output: Readable): void {
  if (output.readableFlowing !== null || output.listenerCount("readable") > 0) return;
  output.on("readable", () => {
    if (output.readableLength === 0) output.read();
  });
}

/** Waits until a process whose input was closed is gone; stops it when it does not go by itself. */
async function hangUpGently(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const stop = new AbortController();
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const waited = setTimeout(GRACE_MS, "waited" as const, { signal: stop.signal }).catch(() => undefined);
    if ((await Promise.race([gone, waited])) !== "waited") break;
    child.kill(signal);
  }
  await gone;
  stop.abort();
}

/** Ends a process at once: for one that carries bytes and has nothing of its own to bring to an end. */
export async function hangUpAtOnce(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // It may have been let go of, and with nothing else to wait for its end would not be heard of.
  child.ref();
  child.kill("SIGKILL");
  await gone;
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null || pid === undefined;
}

function endError(peer: string, { code, signal, stderr }: ProcessEnd): TransportError {
  const how = signal ? `was ended by ${signal}` : `exited with status ${code}`;
  return new TransportError("TRANSPORT_LOST", `Lost ${peer}: it ${how}${stderr ? `: ${stderr}` : ""}`);
}

/** An error for a program that could not be started at all. */
export function spawnError(program: string, error: NodeJS.ErrnoException): TransportError {
  if (error.code === "ENOENT")
    return new TransportError("TRANSPORT_PROGRAM_MISSING", `Cannot start '${program}': it is not installed`, {
      hint: `Install it, or add its folder to PATH`,
      cause: error,
    });
  return new TransportError("TRANSPORT_LOST", `Cannot start '${program}': ${error.message}`, {
    cause: error,
  });
}

/** How long what a process says about its end may take, once its output has ended. Milliseconds. */
const LAST_WORDS_MS = 300;
/** How long a process may take to end once its input is closed, and again after SIGTERM. Milliseconds. */
const GRACE_MS = 2000;
