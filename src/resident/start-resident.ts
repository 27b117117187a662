import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import { openRuntimeFolder, RUNTIME_FILES } from "./runtime-folder.ts";

export interface StartOptions {
  readonly folder: string;
  readonly uid: number;
  readonly home: string;
  /** The command line that stays. */
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Has a resident process of this very program in `folder`: one of another is asked to go, and one is started. */
export async function startResident(options: StartOptions): Promise<void> {
  const folder = openRuntimeFolder(options.folder, options.uid);
  const before = listeningResident(folder);
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

/** The resident process that listens in a folder, if it lives. */
function listeningResident(folder: string): { readonly pid: number } | undefined {
  try {
    const [, pid, fd] = /^(\d+) (\d+) /.exec(readFileSync(join(folder, RUNTIME_FILES.resident), "utf8"))!;
    const bell = statSync(join(folder, RUNTIME_FILES.bell));
    if (process.platform === "linux" && statSync(`/proc/${pid}/fd/${fd}`).ino !== bell.ino) return undefined;
    process.kill(Number(pid), 0);
    return { pid: Number(pid) };
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
