import module from "node:module";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";

/**
 * Keeps compiled code between runs, in the user's own cache: Node's default lies in the folder for temporary
 * files, where whoever comes first could leave code for others to run.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv): void {
  const folder = cacheFolder(env);
  if (folder === undefined) return;
  const compiled = join(folder, "compiled");
  // Set by the script that starts us, so that this file too is kept; not meant for what we start.
  if (env.NODE_COMPILE_CACHE === compiled) delete env.NODE_COMPILE_CACHE;
  else module.enableCompileCache(compiled);
}
