import { existsSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Keeps compiled code between runs, in the user's own cache: Node's default lies in the folder for temporary
 * files, where whoever comes first could leave code for others to run.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv): void {
  const folder = userCacheFolder(env);
  if (folder === undefined) return;
  const compiled = join(folder, "elsewhere/compiled");
  // Set by the script that starts us, so that this file too is kept; not meant for what we start.
  if (env.NODE_COMPILE_CACHE === compiled) delete env.NODE_COMPILE_CACHE;
  else module.enableCompileCache(compiled);
}

function userCacheFolder({ XDG_CACHE_HOME }: NodeJS.ProcessEnv): string | undefined {
  if (XDG_CACHE_HOME !== undefined && isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  const home = homedir();
  return isAbsolute(home) && existsSync(home) ? join(home, ".cache") : undefined;
}
