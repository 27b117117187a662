import type { Outside } from "../outside.ts";

export type LaunchdState = "running" | "waiting" | "failed" | "absent";

/** What launchd says of a service of the system. */
export async function launchdState(outside: Pick<Outside, "run">, name: string): Promise<LaunchdState> {
  const { code, stdout } = await outside.run(["launchctl", "print", `system/${name}`]);
  return code === 0 ? parseLaunchdState(stdout) : "absent";
}

/** Reads `launchctl print`: services that start on demand wait, and one that ended badly has its status. */
export function parseLaunchdState(text: string): LaunchdState {
  const state = /^\s*state = (.+)$/m.exec(text)?.[1]?.trim();
  if (state === "running") return "running";
  const status = /^\s*last exit code = (-?\d+)/m.exec(text)?.[1];
  return status !== undefined && status !== "0" ? "failed" : "waiting";
}
