import type { WriteStream } from "node:tty";

/** Where a command writes: results to `print`, everything else to `error`. */
export interface Terminal {
  /** Results, to standard output. Resolves when more may be written. */
  print(text: string | Uint8Array): Promise<void>;
  /** Progress, warnings and errors, to standard error. */
  error(text: string): void;
  /** Whether standard error is a terminal that can show a live window. */
  readonly live: boolean;
  /** Whether standard error, or standard output, takes colours. */
  readonly colours: { readonly error: boolean; readonly output: boolean };
  /** Width and height of standard error, in characters. */
  columns(): number;
  rows(): number;
  /** Calls back whenever these have changed, until it is disposed of. */
  onResize(listener: () => void): Disposable;
  /** Width of standard output; absent where it is no terminal, so that nothing need be cut. */
  outputColumns(): number | undefined;
  /** Waits until everything is written. */
  flush(): Promise<void>;
}

interface ProcessLike {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  exit(code: number): never;
}

/** The process's own standard output and error. A reader that goes away ends the process quietly. */
export function openTerminal(process: ProcessLike): Terminal {
  const { stdout, stderr, env } = process;
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT_BROKEN_PIPE);
    throw error;
  });
  stderr.on("error", () => undefined);
  return {
    print: (text) =>
      new Promise((resolve) => {
        if (stdout.write(text)) resolve();
        else stdout.once("drain", resolve);
      }),
    error: (text) => void stderr.write(text),
    // Where nobody sits at it, a terminal's record is read as text.
    live: stderr.isTTY === true && env.TERM !== "dumb" && !isSaid(env.CI),
    colours: { error: wantsColours(stderr, env), output: wantsColours(stdout, env) },
    columns: () => (stderr as WriteStream).columns || DEFAULT_COLUMNS,
    rows: () => (stderr as WriteStream).rows || DEFAULT_ROWS,
    onResize: (listener) => {
      stderr.on("resize", listener);
      return { [Symbol.dispose]: () => void stderr.off("resize", listener) };
    },
    outputColumns: () => (stdout.isTTY ? (stdout as WriteStream).columns || DEFAULT_COLUMNS : undefined),
    flush: async () => {
      await Promise.all(
        [stdout, stderr].map((stream) => new Promise<void>((done) => stream.write("", () => done()))),
      );
    },
  };
}

function wantsColours(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && env.TERM !== "dumb";
}

function isSaid(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** What a shell reports for a process that SIGPIPE ended. */
const EXIT_BROKEN_PIPE = 141;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;
