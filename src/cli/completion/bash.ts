import type { CommandNode, OptionNode } from "../command-tree.ts";
import { everyCommand, optionWords } from "./walk.ts";

/** Completion for bash: commands, options and listed values; files everywhere else. */
export function bashCompletion(root: CommandNode): string {
  const nodes = everyCommand(root);
  return `# elsewhere: completion for bash. Load it with: . <(elsewhere completion bash)
_elsewhere() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at=elsewhere i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${nodes
  .slice(1)
  .map(({ path }) => `      '${path.join(" ")}') at='${path.join(" ")}' ;;`)
  .join("\n")}
    esac
  done
  COMPREPLY=()
  case "$at $before" in
${nodes.flatMap(valueCases).join("\n")}
  esac
  local words=
  case $at in
${nodes.map((node) => `    '${node.path.join(" ")}') words='${wordsOf(node).join(" ")}' ;;`).join("\n")}
  esac
  [[ $cur == -* ]] || words=\${words// -*/}
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _elsewhere elsewhere
`;
}

/** Names of commands and listed values come first, so that what begins with a dash can be cut off. */
function wordsOf(node: CommandNode): string[] {
  const commands = node.commands.map(({ path }) => path.at(-1)!);
  const values = node.arguments.flatMap(({ choices }) => choices);
  return [...commands, ...values, "", ...node.options.flatMap(optionWords)];
}

/** After an option with a value: its choices, or, with none listed, files. */
function valueCases({ path, options }: CommandNode): string[] {
  const taking = options.filter(({ takesValue }) => takesValue);
  return taking.map((option) => `    ${patternOf(path, option)}) ${answerOf(option)} return ;;`);
}

function patternOf(path: readonly string[], option: OptionNode): string {
  return optionWords(option)
    .map((word) => `'${path.join(" ")} ${word}'`)
    .join("|");
}

function answerOf({ choices }: OptionNode): string {
  if (choices.length === 0) return "";
  return `mapfile -t COMPREPLY < <(compgen -W '${choices.join(" ")}' -- "$cur");`;
}
