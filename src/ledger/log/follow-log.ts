import { mkdirSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { AttemptName } from "../change.ts";
import type { Ledger } from "../ledger.ts";
import type { AttemptRecord, BuildRecord } from "../record.ts";
import { FolderWatch } from "./folder-watch.ts";
import { formOf, type LogFiles, logFilesOf, logFolderOf } from "./log-file.ts";
import { readLogFile } from "./read-log.ts";

export interface FollowOptions {
  readonly ledger: Ledger;
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** Only this attempt; without it the last one and those that come after it. */
  readonly attempt?: number | undefined;
  /** Told before the log of each attempt. */
  readonly onAttempt: (attempt: AttemptRecord) => void;
}

/** The log of a build from its beginning on, and what is added to it, until the build ends. */
export async function* followBuild(build: BuildRecord, options: FollowOptions): AsyncGenerator<Uint8Array> {
  const { stateDir, signal, onAttempt } = options;
  const folder = logFolderOf(stateDir, build.drvPath);
  mkdirSync(folder, { recursive: true });
  using watch = new FolderWatch([folder, stateDir], { signal, idleMs: IDLE_MS });
  for (let after = 0; ; ) {
    const found = await nextAttempt(build, after, options);
    if (found) {
      onAttempt(found);
      const name = { request: build.request, drvPath: build.drvPath, attempt: found.attempt };
      yield* followAttempt(name, { ...options, build: build.number, watch });
      after = found.attempt;
      if (options.attempt !== undefined) return;
    } else if (await hasEnded(build, options)) return;
    else await watch.next();
  }
}

async function nextAttempt(
  { number }: BuildRecord,
  after: number,
  { ledger, attempt }: FollowOptions,
): Promise<AttemptRecord | undefined> {
  const attempts = await ledger.attempts([number]);
  if (attempt !== undefined) return attempts.find((one) => one.attempt === attempt);
  // Those before the last one are over.
  return after === 0 ? attempts.at(-1) : attempts.find((one) => one.attempt > after);
}

async function hasEnded({ number }: BuildRecord, { ledger }: FollowOptions): Promise<boolean> {
  const [build] = await ledger.builds({ number, limit: 1 });
  return build?.end !== undefined;
}

async function* followAttempt(
  name: AttemptName,
  { ledger, stateDir, build, watch }: FollowOptions & { build: number; watch: FolderWatch },
): AsyncGenerator<Uint8Array> {
  const files = logFilesOf(stateDir, name);
  const isOver = async () => {
    const attempts = await ledger.attempts([build]);
    return attempts.find(({ attempt }) => attempt === name.attempt)?.end !== undefined;
  };
  while (formOf(files) === undefined && !(await isOver())) await watch.next();
  await using file = await openGrowing(files);
  if (!file) {
    yield* readLogFile(files) ?? [];
    return;
  }
  for (;;) {
    // Asked before the rest is read, so that nothing is written in between.
    const isLast = formOf(files) !== "growing" || (await isOver());
    yield* restOf(file);
    if (isLast) return;
    await watch.next();
  }
}

async function openGrowing({ growing }: LogFiles): Promise<FileHandle | undefined> {
  try {
    return await open(growing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function* restOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

const CHUNK_BYTES = 64 * 1024;
/** How soon it is noticed that the process that writes was killed. */
const IDLE_MS = 3000;
