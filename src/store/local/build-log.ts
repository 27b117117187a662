import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";

/** A build log that is being written. Readers find it once it is closed. */
export interface BuildLogWriter {
  /** Resolves when more may be written. */
  write(chunk: Uint8Array): Promise<void>;
  /** Finishes the log. */
  close(): Promise<void>;
}

/** `<logDir>/drvs/ab/cdef…-name.drv`, without `.bz2`. */
export function buildLogFile(logDir: string, drvPath: StorePath): string {
  return `${logDir}/drvs/${drvPath.slice(0, 2)}/${drvPath.slice(2)}`;
}

/** The log of a derivation, unpacked, if one is kept. Nix keeps either form. */
export function readBuildLog(logDir: string, drvPath: StorePath): ByteSource | undefined {
  const file = buildLogFile(logDir, drvPath);
  if (existsSync(file)) return createReadStream(file);
  if (existsSync(`${file}.bz2`)) return unpacked(`${file}.bz2`);
  return undefined;
}

/** Opens a log for writing, in place of an older one; packed where wanted and where there is a `bzip2`. */
export function writeBuildLog(
  logDir: string,
  drvPath: StorePath,
  { compress }: { compress: boolean },
): BuildLogWriter {
  const file = buildLogFile(logDir, drvPath);
  mkdirSync(dirname(file), { recursive: true });
  const isPacked = compress && hasBzip2();
  const temporary = `${file}.tmp-${process.pid}`;
  const writer = isPacked ? packing(temporary) : plain(temporary);
  return {
    write: (chunk) => writer.write(chunk),
    async close() {
      await writer.close();
      renameSync(temporary, isPacked ? `${file}.bz2` : file);
      rmSync(isPacked ? file : `${file}.bz2`, { force: true });
    },
  };
}

/** Writes a whole log. */
export async function fillBuildLog(writer: BuildLogWriter, log: ByteSource): Promise<void> {
  for await (const chunk of log) await writer.write(chunk);
  await writer.close();
}

function plain(file: string): BuildLogWriter {
  const stream = createWriteStream(file);
  return writerTo(stream, once(stream, "close"));
}

function packing(file: string): BuildLogWriter {
  const output = createWriteStream(file);
  const child = spawn("bzip2", ["-c"], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdout.pipe(output);
  return writerTo(child.stdin, Promise.all([succeeded(child, file), once(output, "close")]));
}

function writerTo(stream: Writable, finished: Promise<unknown>): BuildLogWriter {
  let failure: Error | undefined;
  finished.catch(() => undefined);
  stream.on("error", (error) => {
    failure = error;
  });
  return {
    async write(chunk) {
      if (failure) throw failure;
      if (!stream.write(chunk)) await once(stream, "drain");
    },
    async close() {
      stream.end();
      await finished;
    },
  };
}

async function* unpacked(file: string): AsyncGenerator<Uint8Array> {
  const child = spawn("bzip2", ["-dc", file], { stdio: ["ignore", "pipe", "ignore"] });
  const done = succeeded(child, file);
  done.catch(() => undefined);
  try {
    yield* child.stdout;
    await done;
  } finally {
    child.kill();
  }
}

async function succeeded(child: ChildProcess, file: string): Promise<void> {
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0)
    throw new ElsewhereError("BUILD_LOG", `Cannot pack or unpack the build log '${file}': bzip2 failed`, {
      hint: "Install bzip2, which unpacks the logs that Nix keeps",
    });
}

let bzip2: boolean | undefined;
function hasBzip2(): boolean {
  bzip2 ??= spawnSync("bzip2", ["--help"], { stdio: "ignore" }).error === undefined;
  return bzip2;
}
