import type { Argument, Command, Option } from "commander";
import type { CommandContext } from "./command-context.ts";
import { AFTER_HELP } from "./program-help.ts";

/** A command as it describes itself: what completions and manual pages are made of. */
export interface CommandNode {
  /** From the program's: `["elsewhere", "store", "ping"]`. */
  readonly path: readonly string[];
  /** One line, without a full stop. */
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentNode[];
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  /** What its help says after the options: examples, exit codes. */
  readonly epilogue: string;
}

export interface ArgumentNode {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  /** The values that it may have, where they can be listed. */
  readonly choices: readonly string[];
}

export interface OptionNode {
  /** As help shows it: `-j, --max-jobs <number>`. */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** The values that it may have, where they can be listed. */
  readonly choices: readonly string[];
}

/** Every command of the program. Loads all of them. */
export async function commandTree(context: CommandContext): Promise<CommandNode> {
  const commands = await Promise.all(
    context.commands.map(async ({ summary, load }) => (await load()).command(context).summary(summary)),
  );
  return {
    path: ["elsewhere"],
    summary: "build Nix derivations on a machine other than the one you sit at",
    description: "Build Nix derivations on a machine other than the one you sit at.",
    arguments: [],
    options: [
      HELP,
      { ...HELP, flags: "--version", short: undefined, long: "--version", description: "print the version" },
    ],
    commands: commands.map((command) => nodeOf(command, ["elsewhere"])),
    epilogue: AFTER_HELP.trim(),
  };
}

function nodeOf(command: Command, parent: readonly string[]): CommandNode {
  const path = [...parent, command.name()];
  return {
    path,
    summary: command.summary() || firstSentence(command.description()),
    description: command.description(),
    arguments: command.registeredArguments.map(argumentOf),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), HELP],
    commands: command.commands.map((inner) => nodeOf(inner, path)),
    epilogue: epilogueOf(command),
  };
}

function argumentOf(argument: Argument): ArgumentNode {
  const { description, required, variadic } = argument;
  return { name: argument.name(), description, required, variadic, choices: argument.argChoices ?? [] };
}

function optionOf({ flags, short, long, description, required, optional, argChoices }: Option): OptionNode {
  return {
    flags,
    short: short?.startsWith("--") ? undefined : short,
    long: long ?? short ?? flags,
    description,
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

/** What `--help` prints beyond what it makes of arguments and options. */
function epilogueOf(command: Command): string {
  let said = "";
  command.configureOutput({ writeOut: (text) => (said += text), getOutHasColors: () => false });
  command.outputHelp();
  return said.slice(command.helpInformation().length).trim();
}

function firstSentence(text: string): string {
  const [sentence = ""] = text.split(/[.:;]\s|\.$/);
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

const HELP: OptionNode = {
  flags: "-h, --help",
  short: "-h",
  long: "--help",
  description: "show help",
  takesValue: false,
  choices: [],
};
