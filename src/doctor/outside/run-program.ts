import { execFile } from "node:child_process";
import { NOT_STARTED, type Ran } from "../outside.ts";

/** Runs a program to its end, with nothing to read. */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs = TIMEOUT_MS, env }: { timeoutMs?: number | undefined; env: NodeJS.ProcessEnv },
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX, env },
      (error, stdout, stderr) => {
        if (!error) resolve({ code: 0, stdout, stderr });
        // No number: it could not be started at all.
        else if (typeof error.code === "string")
          resolve({ code: NOT_STARTED, stdout, stderr: error.message });
        else resolve({ code: error.code ?? 1, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

const TIMEOUT_MS = 10_000;
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
