import { Command } from "commander";
import { messageOf } from "#base/errors.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import { builderNames } from "../builder-names.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingFlags, type SettingFlags, settingsFor } from "../setting-flags.ts";
import { formatTable } from "../table.ts";

/** `elsewhere builders`: who could build, and who answers. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("builders"))
    .description(
      "List the builders of the machines file, all asked at once: whether each answers, and what it offers.",
    )
    .option("--builders <machines>", "instead of the 'builders' setting")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere builders
  elsewhere builders --builders 'ssh-ng://me@box x86_64-linux,aarch64-linux - 8 2 kvm,big-parallel'
Exit code 1: one of them does not answer.`,
    )
    .action((flags: Flags) => run(context, flags));
}

interface Flags extends SettingFlags {
  readonly json?: boolean;
}

interface Answer {
  readonly machine: Machine;
  readonly name: string;
  readonly local: boolean;
  readonly reachable: boolean;
  readonly version?: string | undefined;
  readonly protocol?: string | undefined;
  readonly trusted?: boolean | undefined;
  readonly error?: string | undefined;
}

async function run(context: CommandContext, flags: Flags): Promise<void> {
  const { services, terminal } = context;
  const settings = await settingsFor(context, flags);
  const machines = await services.machines(settings);
  const names = builderNames(machines.map(({ uri }) => uri));
  const answers = await Promise.all(
    machines.map((machine, index) => ask(context, { machine, name: names[index]! }, settings)),
  );
  if (answers.some(({ reachable }) => !reachable)) context.exitWith(1);
  if (flags.json) return await terminal.print(`${JSON.stringify(answers.map(toJson))}\n`);
  if (answers.length === 0) {
    terminal.error(noBuilders(settings.settings.builders));
    return;
  }
  const rows = answers.map((answer) => [
    answer.name,
    answer.reachable ? `yes${answer.version ? `, ${answer.version}` : ""}` : "NO",
    answer.trusted === undefined ? "-" : answer.trusted ? "yes" : "no",
    answer.machine.systems.join(","),
    featuresOf(answer.machine),
    String(answer.machine.maxJobs),
    String(answer.machine.speedFactor),
  ]);
  const head = ["builder", "answers", "trusts you", "systems", "features", "slots", "speed"];
  await terminal.print(formatTable(head, rows, terminal.outputColumns()));
  for (const { name, error } of answers) if (error) terminal.error(`${name}: ${error}\n`);
}

async function ask(
  { services, signal }: CommandContext,
  { machine, name }: { machine: Machine; name: string },
  settings: ResolvedSettings,
): Promise<Answer> {
  const site = await services.machineSite(machine, settings);
  try {
    await using connected = await site.connect(signal);
    const { trusted, version, protocol } = connected;
    return { machine, name, local: false, reachable: true, version, protocol, trusted };
  } catch (error) {
    return { machine, name, local: false, reachable: false, error: messageOf(error) };
  }
}

function featuresOf({ supportedFeatures, mandatoryFeatures }: Machine): string {
  return [...supportedFeatures, ...mandatoryFeatures.map((feature) => `${feature}!`)].join(",") || "-";
}

function toJson({ machine, name, reachable, version, protocol, trusted, error }: Answer): object {
  const { systems, maxJobs, speedFactor, supportedFeatures, mandatoryFeatures } = machine;
  const offers = { systems, maxJobs, speedFactor, supportedFeatures, mandatoryFeatures };
  return { name, uri: machine.uri, reachable, version, protocol, trusted, error, ...offers };
}

/** Where builders are written down, and how. */
function noBuilders(setting: string): string {
  const file = /^@(\S+)/.exec(setting.trim())?.[1];
  const where = file
    ? `${file} names none`
    : setting.trim() === ""
      ? "the setting 'builders' is empty"
      : `'${setting}' names none`;
  return [
    `there are no builders: ${where}`,
    ` hint: write a line for each into ${file ?? "/etc/nix/machines"}, or name one with --builders, such as`,
    "  ssh-ng://me@box x86_64-linux,aarch64-linux - 8 1 big-parallel,kvm",
    "  (where it is, its systems, the ssh key or -, builds at once, speed, features)",
    "",
  ].join("\n");
}
