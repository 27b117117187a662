import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { lock } from "#store/local/lock/flock.ts";
import { openRuntimeFolder, RUNTIME_FILES } from "./runtime-folder.ts";

export interface StartOptions {
  readonly folder: string;
  readonly uid: number;
  readonly home: string;
  /** The program: a process that is older than it is another's. */
  readonly entry: string;
  /** The command line that stays. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Has a resident process of this very program in `folder`: one of another is asked to go, and one is started, however many ask at a time. */
export async function startResident(options: StartOptions): Promise<void> {
  const folder = openRuntimeFolder(options.folder, options.uid);
  const starting = await lock(
    join(folder, RUNTIME_FILES.starting),
    "exclusive",
    AbortSignal.timeout(START_TIMEOUT_MS),
  );
  try {
    const before = listeningResident(folder);
    if (!before || !isOurs(before, options)) await replaceResident(folder, before, options);
  } finally {
    starting.release();
  }
}

async function replaceResident(
  folder: string,
  before: Listening | undefined,
  options: StartOptions,
): Promise<void> {
  if (before) process.kill(before.pid, "SIGTERM");
  const log = openSync(join(folder, RUNTIME_FILES.log), "a", 0o600);
  try {
    const child = spawn(options.command[0]!, options.command.slice(1), {
      cwd: "/",
      detached: true,
      env: options.env,
      stdio: ["ignore", log, log],
    });
    await new Promise<void>((resolve, reject) => {
      const watcher = watch(folder);
      const settle = (error?: Error) => {
        watcher.close();
        clearTimeout(late);
        if (error) reject(error);
        else resolve();
      };
      const look = () => {
        const now = listeningResident(folder);
        if (now && now.pid !== before?.pid) settle();
      };
      const late = setTimeout(() => settle(notStarted(folder, "it took too long")), START_TIMEOUT_MS);
      watcher.on("change", look);
      child.once("error", (error) => settle(notStarted(folder, error.message)));
      // Another may have been faster.
      child.once("exit", (code) =>
        listeningResident(folder) ? settle() : settle(notStarted(folder, `it ended with ${code}`)),
      );
      look();
    });
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** A resident process, and which program it is. */
interface Listening {
  readonly pid: number;
  readonly home: string;
  readonly sinceMs: number;
}

/** As the script of the hook asks whether one is ready. */
function isOurs({ home, sinceMs }: Listening, options: StartOptions): boolean {
  return home === options.home && sinceMs >= statSync(options.entry).mtimeMs;
}

/** The resident process that listens in a folder, if it lives. */
function listeningResident(folder: string): Listening | undefined {
  try {
    const file = join(folder, RUNTIME_FILES.resident);
    const [, pid, fd, home] = /^(\d+) (\d+) (.*)$/m.exec(readFileSync(file, "utf8"))!;
    const bell = statSync(join(folder, RUNTIME_FILES.bell));
    if (process.platform === "linux" && statSync(`/proc/${pid}/fd/${fd}`).ino !== bell.ino) return undefined;
    process.kill(Number(pid), 0);
    return { pid: Number(pid), home: home!, sinceMs: statSync(file).mtimeMs };
  } catch {
    return undefined;
  }
}

function notStarted(folder: string, why: string): ElsewhereError {
  return new ElsewhereError("RESIDENT", `Cannot start the resident process of the build hook: ${why}`, {
    hint: `Look into ${join(folder, RUNTIME_FILES.log)}`,
  });
}

const START_TIMEOUT_MS = 20_000;
