import type { CommandNode, OptionNode } from "../command-tree.ts";
import { everyCommand, optionWords } from "./walk.ts";

/** Completion for zsh, with what each command and option is for. */
export function zshCompletion(root: CommandNode): string {
  return `#compdef elsewhere
# elsewhere: completion for zsh. Load it with: . <(elsewhere completion zsh)
${everyCommand(root).map(functionOf).join("\n")}
if [ "$funcstack[1]" = _elsewhere ]; then _elsewhere "$@"; else compdef _elsewhere elsewhere; fi
`;
}

function functionOf(node: CommandNode): string {
  const options = node.options.map(specOf);
  if (node.commands.length === 0)
    return `${nameOf(node)}() {\n  _arguments -S ${[...options, ...argumentsOf(node)].map(quote).join(" \\\n    ")}\n}`;
  const described = node.commands.map(({ path, summary }) =>
    quote(`${backslash(path.at(-1)!)}:${backslash(summary)}`),
  );
  return `${nameOf(node)}() {
  local state line
  local -a commands=(${described.join(" \\\n    ")})
  _arguments -C ${options.map(quote).join(" \\\n    ")} '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest) case $line[1] in
${node.commands.map((inner) => `      ${quote(inner.path.at(-1)!)}) ${nameOf(inner)} ;;`).join("\n")}
    esac ;;
  esac
}`;
}

function nameOf({ path }: CommandNode): string {
  return `_${path.join("_").replaceAll("-", "_")}`;
}

function specOf(option: OptionNode): string {
  const words = optionWords(option);
  const value = option.takesValue
    ? `: :${option.choices.length > 0 ? `(${option.choices.join(" ")})` : "_files"}`
    : "";
  const name = words.length > 1 ? `{${words.join(",")}}` : words[0]!;
  return `${name}[${backslash(option.description)}]${value}`;
}

function argumentsOf({ arguments: all }: CommandNode): string[] {
  const values = all.flatMap(({ choices }) => choices);
  return all.length > 0 ? [`*: :${values.length > 0 ? `(${values.join(" ")})` : "_files"}`] : [];
}

function backslash(text: string): string {
  return text.replace(/[\\[\]:]/g, (character) => `\\${character}`);
}

/** Braces stay outside of the quotes: zsh makes two words of them. */
function quote(text: string): string {
  const [, braces, rest] = /^(\{[^}]*\})?(.*)$/s.exec(text)!;
  return `${braces ?? ""}'${rest!.replaceAll("'", "'\\''")}'`;
}
