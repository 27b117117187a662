import { Argument, Command } from "commander";
import { unreachable } from "#base/errors.ts";
import type { CommandContext } from "../command-context.ts";
import { commandTree } from "../command-tree.ts";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";

/** `elsewhere completion`: what a shell needs to complete commands and options. */
export function command(context: CommandContext): Command {
  return new Command("completion")
    .description("Print what a shell needs to complete the commands and options of Elsewhere.")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => context.terminal.print(await scriptFor(shell, context)));
}

async function scriptFor(shell: Shell, context: CommandContext): Promise<string> {
  const tree = await commandTree(context);
  switch (shell) {
    case "bash":
      return bashCompletion(tree);
    case "zsh":
      return zshCompletion(tree);
    case "fish":
      return fishCompletion(tree);
    default:
      return unreachable(shell);
  }
}

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

const EXAMPLES = `
Examples:
  . <(elsewhere completion bash)                                        in ~/.bashrc
  elsewhere completion zsh > ~/.zfunc/_elsewhere                        with ~/.zfunc in fpath
  elsewhere completion fish > ~/.config/fish/completions/elsewhere.fish`;
