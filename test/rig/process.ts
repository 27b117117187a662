import { spawn } from "node:child_process";
import { once } from "node:events";
import { appearanceOf } from "./appearance.ts";

/** A server in a process of its own, which listens on a unix socket. */
export interface ServerProcess extends AsyncDisposable {
  /** What it wrote to standard error so far. */
  log(): string;
}

/** Starts a server, and waits until its socket is there. */
export async function startServer(
  command: readonly string[],
  { socket, env = process.env, cwd }: { socket: string; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<ServerProcess> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "ignore", "pipe"], env, cwd });
  const ended = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const gone = new AbortController();
  child.once("close", () => gone.abort(new Error(`'${command.join(" ")}' ended: ${said}`)));
  await appearanceOf(socket, gone.signal);
  return {
    log: () => said,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
