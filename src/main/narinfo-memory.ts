import { join } from "node:path";
import type { Settings } from "#nix/settings.ts";
import { openNarInfoFile } from "#store/binary-cache/narinfo-file.ts";
import type { NarInfoMemory } from "#store/binary-cache/narinfo-memory.ts";
import { cacheFolder } from "./cache-folder.ts";

/** What binary caches said in other runs of this user, as long as the settings let it hold. */
export function narInfoMemory(settings: Settings, env: NodeJS.ProcessEnv): NarInfoMemory | undefined {
  const folder = cacheFolder(env);
  if (folder === undefined) return undefined;
  return openNarInfoFile(join(folder, "narinfo.sqlite"), {
    presentMs: settings["narinfo-cache-positive-ttl"] * 1000,
    absentMs: settings["narinfo-cache-negative-ttl"] * 1000,
  });
}
