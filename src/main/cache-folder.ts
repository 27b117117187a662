import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** The folder for what can be made again at any time; undefined for a user who has none. */
export function cacheFolder({ XDG_CACHE_HOME }: NodeJS.ProcessEnv): string | undefined {
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "elsewhere");
  const home = homedir();
  return isAbsolute(home) && existsSync(home) ? join(home, ".cache/elsewhere") : undefined;
}
