import { readFileSync } from "node:fs";
import type { Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import type { ResolvedSettings } from "#nix/settings.ts";

/** The enabled machines that the `builders` setting names. A file that is not there names none, as in Nix. */
export function loadMachines({ settings }: ResolvedSettings): readonly Machine[] {
  const machines = parseMachines(settings.builders, {
    defaultSystem: settings.system,
    readFile: readIfThere,
  });
  return machines.filter(({ enabled }) => enabled);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
