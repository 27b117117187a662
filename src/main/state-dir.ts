import { homedir } from "node:os";
import { join } from "node:path";

/** The folder for what Elsewhere remembers between runs. */
export function stateDir(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_STATE_HOME || join(homedir(), ".local/state"), "elsewhere");
}
