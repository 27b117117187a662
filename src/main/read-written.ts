import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { Configuration } from "#doctor/client/client-case.ts";
import { readEntries, type WrittenMachines } from "#doctor/machine-line/entry.ts";
import { systemFiles } from "#doctor/outside/system-files.ts";
import type { Machine } from "#nix/machine.ts";
import { parseMachines } from "#nix/machines.ts";
import { isTomlMachines } from "#nix/machines-toml.ts";
import { type ResolvedSettings, resolveSettings } from "#nix/settings.ts";
import { confFiles, hostFacts, loadConfLines } from "./load-settings.ts";

/** The configuration as it is written; where it cannot be read, the defaults with why. */
export function readConfiguration(
  env: NodeJS.ProcessEnv,
  overrides: Iterable<readonly [string, string]>,
): Configuration {
  const files = confFiles(env);
  try {
    const lines = loadConfLines({ env, overrides });
    return { settings: resolveSettings(lines, hostFacts()), lines, files, fault: undefined };
  } catch (error) {
    const hint = error instanceof ElsewhereError ? error.hint : undefined;
    return {
      settings: resolveSettings([], hostFacts()),
      lines: [],
      files,
      fault: { message: messageOf(error), hint },
    };
  }
}

/** The machines as they are written, line by line. */
export function readWrittenMachines({ settings }: ResolvedSettings): {
  readonly written: WrittenMachines;
  readonly fault: string | undefined;
} {
  try {
    return { written: readEntries(settings.builders, "builders", systemFiles.readText), fault: undefined };
  } catch (error) {
    return { written: { entries: [], files: [] }, fault: messageOf(error) };
  }
}

/** Those of files in Lix's form. One that cannot be read has none: Nix's own words say why. */
export function tomlMachines(written: WrittenMachines, { settings }: ResolvedSettings): Machine[] {
  return written.files.flatMap(({ path, text }) =>
    text !== undefined && isTomlMachines(text)
      ? parseMachines(text, { defaultSystem: settings.system, file: path }).filter(({ enabled }) => enabled)
      : [],
  );
}
