import type { CommandNode, OptionNode } from "../command-tree.ts";

/** A command and all within it, each before its own. */
export function everyCommand(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(everyCommand)];
}

/** `-j` and `--max-jobs`. */
export function optionWords({ short, long }: OptionNode): string[] {
  return short === undefined || short === long ? [long] : [short, long];
}
