import { accessSync, constants, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { Store } from "#store/store.ts";
import { localStoreOptions } from "./local-store-options.ts";
import { narInfoMemory } from "./narinfo-memory.ts";
import { openStore } from "./open-store.ts";
import { readNetrc } from "./read-netrc.ts";

/**
 * The store that a person named, else the one of the settings, else what this machine has. `warn` is told of caches that
 * cannot be used.
 */
export async function openUsualStore(
  uri: string | undefined,
  { settings }: ResolvedSettings,
  warn: (text: string) => void = toStandardError,
): Promise<Store> {
  const named = uri ?? process.env.NIX_REMOTE ?? settings.store;
  return await openStore(named === "auto" || named === "" ? usualUri() : named, {
    env: process.env,
    connectTimeoutS: settings["connect-timeout"] || CONNECT_TIMEOUT_S,
    cache: { netrc: () => readNetrc(settings), openMemory: () => narInfoMemory(settings, process.env) },
    local: () => localStoreOptions(settings, { env: process.env, report: warn }),
  });
}

function toStandardError(text: string): void {
  process.stderr.write(`warning: ${text}\n`);
}

/** With no Nix on this machine and no right to make its store, one of this user's own. */
function usualUri(): string {
  const stateDir = process.env.NIX_STATE_DIR || "/nix/var/nix";
  if (existsSync(stateDir) || process.env.NIX_STORE_DIR || mayMake("/nix")) return "auto";
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local/share");
  return `local?root=${join(data, "elsewhere/store-root")}`;
}

function mayMake(folder: string): boolean {
  try {
    accessSync(existsSync(folder) ? folder : "/", constants.W_OK);
    return existsSync(folder);
  } catch {
    return false;
  }
}

/** Seconds to wait for a host when the settings do not say. */
export const CONNECT_TIMEOUT_S = 10;
