import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { DetachedProcess, DetachedRequest } from "#cli/services.ts";

/** Starts `program` in a session of its own, without a terminal: no hang-up and no Ctrl-C of this one reaches it. */
export async function startDetached(
  { args, output, errors, takesInput }: DetachedRequest,
  { program, env }: { program: string; env: NodeJS.ProcessEnv },
): Promise<DetachedProcess> {
  const files = [openSync(output, "a", 0o600), openSync(errors, "a", 0o600)];
  const child = spawn(program, args, {
    detached: true,
    stdio: [takesInput ? "inherit" : "ignore", files[0]!, files[1]!],
    env: { ...env, ELSEWHERE_NODE: process.execPath },
  });
  for (const file of files) closeSync(file);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  return {
    pid: child.pid!,
    ended,
    interrupt: () => void child.kill("SIGINT"),
    release: () => child.unref(),
  };
}
