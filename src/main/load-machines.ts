import { ElsewhereError } from "#base/errors.ts";
import { readGivenFile } from "#build/input/given-file.ts";
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
    return readGivenFile(path).toString("utf8");
  } catch (error) {
    if (error instanceof ElsewhereError && error.code === "NO_SUCH_FILE") return undefined;
    throw error;
  }
}
