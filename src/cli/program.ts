import { Command, CommanderError } from "commander";
import { messageOf } from "#base/errors.ts";
import type { CommandContext } from "./command-context.ts";
import { COMMANDS } from "./command-list.ts";
import { EXIT, UsageError } from "./error-report.ts";
import { AFTER_HELP } from "./program-help.ts";
import { styleFor } from "./style.ts";

/** Runs one command line; the exit code. Errors of the command itself are thrown. */
export async function runProgram(
  args: readonly string[],
  given: Omit<CommandContext, "exitWith" | "args" | "commands">,
): Promise<number> {
  let exitCode = 0;
  const context: CommandContext = {
    ...given,
    args,
    commands: COMMANDS,
    exitWith: (code) => (exitCode = code),
  };
  const program = await assemble(standInForNix(args), context);
  try {
    await program.parseAsync([...joinOptionPairs(standInForNix(args))], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code === "commander.help") return await showGroup(program, context, args);
    throw new UsageError(...usageFault(messageOf(error), args));
  }
  return exitCode;
}

/** A command that is only a name for others was typed alone: what it holds is shown. */
async function showGroup(
  program: Command,
  { terminal }: CommandContext,
  args: readonly string[],
): Promise<number> {
  const named = program.commands.find(
    (command) => command.name() === args.find((arg) => !arg.startsWith("-")),
  );
  terminal.error((named ?? program).helpInformation());
  return EXIT.usage;
}

/** What commander says, as a sentence and a hint. */
function usageFault(message: string, args: readonly string[]): [message: string, hint: string] {
  const [said, guess] = message.replace(/^error: /, "").split("\n", 2) as [string, string | undefined];
  const meant = guess === undefined ? undefined : /Did you mean (?:one of )?(.*?)\?\)?$/.exec(guess)?.[1];
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  return [meant === undefined ? sentence : `${sentence}: did you mean ${meant}?`, hintFor(args)];
}

/** The program with every command's summary, and in full the one that `args` names. */
async function assemble(args: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command("elsewhere")
    .description("Build Nix derivations on a machine other than the one you sit at.")
    .version(context.version, "--version", "print the version")
    .helpOption("-h, --help", "show help; every command has its own")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", AFTER_HELP);
  const asked = args.filter((arg) => !arg.startsWith("-")).slice(0, 2);
  for (const { name, group, summary, load } of COMMANDS) {
    const wanted = asked[0] === name || (asked[0] === "help" && asked[1] === name);
    const command = wanted ? (await load()).command(context) : new Command(name);
    program.addCommand(command.summary(summary).helpGroup(group));
  }
  configure(program, context);
  return program;
}

function configure(command: Command, context: CommandContext): void {
  const style = styleFor(context.terminal.colours.output);
  command
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void context.terminal.print(text),
      // What went wrong is reported once, by whoever catches it.
      writeErr: () => undefined,
      getOutHasColors: () => context.terminal.colours.output,
    })
    .configureHelp({
      styleTitle: style.bold,
      helpWidth: Math.min(context.terminal.columns(), HELP_COLUMNS_MAX),
    });
  for (const inner of command.commands) configure(inner, context);
}

/** `elsewhere --stdio` and `elsewhere --serve --write`: Elsewhere as Nix's `remote-program`. */
function standInForNix(args: readonly string[]): readonly string[] {
  return args[0] === "--stdio" || args[0] === "--serve" ? ["serve", ...args] : args;
}

/** Nix's `--option NAME VALUE`, `--arg` and `--argstr` take two words; here they become one. */
function joinOptionPairs(args: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") return [...joined, ...args.slice(i)];
    joined.push(arg);
    if (PAIRED.has(arg) && i + 2 < args.length && !isPair(args[i + 1]!)) {
      joined.push(`${args[i + 1]}=${args[i + 2]}`);
      i += 2;
    }
  }
  return joined;
}

function hintFor(args: readonly string[]): string {
  const command = args.find((arg) => COMMANDS.some(({ name }) => name === arg));
  return `'elsewhere ${command ? `${command} ` : ""}--help' shows what there is`;
}

function isPair(arg: string): boolean {
  return /^[^=\s]+=/.test(arg);
}

const PAIRED = new Set(["--option", "--arg", "--argstr"]);
const HELP_COLUMNS_MAX = 110;
