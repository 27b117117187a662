import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What a command took. */
export interface Took {
  /** From start to end. */
  readonly seconds: number;
  /** Processor time of the command and of all that it waited for, its ssh for one. */
  readonly cpuSeconds: number;
  /** Most memory that one of them had. */
  readonly mebibytes: number;
}

/** Runs a command below GNU time, which tells what it and its children used. */
export async function timed(command: readonly string[], env: Record<string, string> = {}): Promise<Took> {
  const { stderr } = await promisify(execFile)("time", ["-f", "%e %U %S %M", ...command], {
    env: { ...process.env, ...env },
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    maxBuffer: 1 << 28,
  });
  const [seconds, user, system, kibibytes] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { seconds: seconds!, cpuSeconds: user! + system!, mebibytes: Math.round(kibibytes! / 1024) };
}

/** The one that ended soonest. */
export function best(runs: readonly Took[]): Took {
  const none = { seconds: Number.NaN, cpuSeconds: Number.NaN, mebibytes: 0 };
  return runs.toSorted((a, b) => a.seconds - b.seconds)[0] ?? none;
}
