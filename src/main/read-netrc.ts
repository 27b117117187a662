import { readFileSync } from "node:fs";
import type { Settings } from "#nix/settings.ts";

/** The text of the settings' `netrc-file`; empty where there is none that this user may read. */
export function readNetrc(settings: Settings): string {
  try {
    return readFileSync(settings["netrc-file"], "utf8");
  } catch {
    return "";
  }
}
