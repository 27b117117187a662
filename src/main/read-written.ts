import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { Configuration } from "#doctor/client/client-case.ts";
import { readEntries, type WrittenMachines } from "#doctor/machine-line/entry.ts";
import { type JudgedLine, judgeLine } from "#doctor/machine-line/judge-line.ts";
import { systemFiles } from "#doctor/outside/system-files.ts";
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

/** The machines as they are written, line by line, and what each line is worth. */
export function readWrittenMachines({ settings }: ResolvedSettings): WrittenAndJudged {
  const { builders, system } = settings;
  try {
    const written = readEntries(builders, "builders", systemFiles.readText);
    const lines = written.entries.map((entry) => judgeLine(entry, system));
    return { written, judged: [...lines, ...tomlLines(written, system)], fault: undefined };
  } catch (error) {
    return { written: { entries: [], files: [] }, judged: [], fault: messageOf(error) };
  }
}

export interface WrittenAndJudged {
  readonly written: WrittenMachines;
  readonly judged: readonly JudgedLine[];
  /** Why they could not be read. */
  readonly fault: string | undefined;
}

/** Those of files in Lix's form: nothing in it can stand in the wrong place. */
function tomlLines({ files }: WrittenMachines, defaultSystem: string): JudgedLine[] {
  return files
    .filter(({ text }) => text !== undefined && isTomlMachines(text))
    .flatMap(({ path, text }) => parseMachines(text!, { defaultSystem, file: path }))
    .filter(({ enabled }) => enabled)
    .map((machine) => {
      const { uri: text, source } = machine;
      const entry = { ...source, column: 1, text, whole: text, fields: [{ text, column: 1 }] };
      return { entry, machine, findings: [] };
    });
}
