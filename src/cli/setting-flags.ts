import type { Command } from "commander";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { CommandContext } from "./command-context.ts";
import { UsageError } from "./error-report.ts";
import { collect } from "./option-values.ts";
import { type SandboxWish, sandboxOption, sandboxOverrides } from "./sandbox-option.ts";

/** Flags that every command with settings has. */
export interface SettingFlags {
  readonly option?: readonly string[];
  readonly system?: string;
  readonly builders?: string;
  readonly maxJobs?: string;
  readonly cores?: string;
  readonly timeout?: string;
  readonly maxSilentTime?: string;
  readonly maxMemory?: string;
  readonly sandbox?: SandboxWish;
  readonly keepGoing?: boolean;
  readonly keepFailed?: boolean;
  readonly fallback?: boolean;
  readonly audit?: string;
  readonly refresh?: boolean;
  readonly verbose?: number;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  readonly store?: string;
}

/** Adds the flags that concern settings and output to a command. */
export function addSettingFlags(command: Command): Command {
  return command
    .option(
      "--store <uri>",
      "the store to use: auto, daemon, a folder, local?root=DIR, ssh-ng://HOST, ssh://HOST",
    )
    .option("--option <name> <value>", "override a setting of nix.conf; may be repeated", collect)
    .option("--system <system>", "what this machine is, such as aarch64-darwin")
    .option("--refresh", "ask binary caches anew for what they said before")
    .option("-v, --verbose", "say more; may be repeated", (_: string, before: number) => before + 1, 0)
    .option("-q, --quiet", "say only what went wrong")
    .option("--debug", "show where in Elsewhere an error came from");
}

/** Adds the flags that concern building. */
export function addBuildFlags(command: Command): Command {
  return command
    .option(
      "--builders <machines>",
      "who builds: '@FILE', or 'URI SYSTEMS KEY JOBS SPEED FEATURES MANDATORY HOSTKEY; …'",
    )
    .option("-j, --max-jobs <number>", "builds at once on this machine; 0: never build here")
    .option("--cores <number>", "processors for one build; 0: all")
    .option("--timeout <seconds>", "end a build that takes longer")
    .option("--max-silent-time <seconds>", "end a build that is silent for longer")
    .option("--max-memory <bytes>", "end a build that uses more, such as 4G; on builders of Elsewhere")
    .addOption(sandboxOption())
    .option("-k, --keep-going", "after a failure, build what does not need it")
    .option("-K, --keep-failed", "keep the folder of a failed build, on its builder")
    .option("--fallback", "build when a substitution fails")
    .option("--audit <mode>", "what is for the wrong platform: off, warn, or fail the build");
}

/** The settings that a command runs with. */
export async function settingsFor(
  { services }: CommandContext,
  flags: SettingFlags,
): Promise<ResolvedSettings> {
  return await services.settings(overridesOf(flags));
}

/** What the command line sets: `[name, value]`. */
export function overridesOf(flags: SettingFlags): [string, string][] {
  const given: [string, string | undefined][] = [
    ["system", flags.system],
    ["builders", flags.builders],
    ["max-jobs", flags.maxJobs],
    ["cores", flags.cores],
    ["timeout", flags.timeout],
    ["max-silent-time", flags.maxSilentTime],
    ["max-build-memory", flags.maxMemory],
    ...sandboxOverrides(flags.sandbox),
    ["keep-going", flags.keepGoing ? "true" : undefined],
    ["keep-failed", flags.keepFailed ? "true" : undefined],
    ["fallback", flags.fallback ? "true" : undefined],
    ["audit", flags.audit],
    ["narinfo-cache-positive-ttl", flags.refresh ? "0" : undefined],
    ["narinfo-cache-negative-ttl", flags.refresh ? "0" : undefined],
  ];
  const options = (flags.option ?? []).map((text): [string, string] => {
    const cut = text.indexOf("=");
    if (cut <= 0) throw new UsageError(`Cannot use --option '${text}'`, "want --option NAME VALUE");
    return [text.slice(0, cut), text.slice(cut + 1)];
  });
  const said = given.filter((pair): pair is [string, string] => pair[1] !== undefined);
  return [...options, ...said];
}
