import type { CommandNode, OptionNode } from "../command-tree.ts";
import { everyCommand } from "./walk.ts";

/** Completion for fish, with what each command and option is for. */
export function fishCompletion(root: CommandNode): string {
  return `# elsewhere: completion for fish. Load it with: elsewhere completion fish | source
function __elsewhere_named
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; or echo $word
    end
end
function __elsewhere_at
    set -l named (__elsewhere_named)
    test (count $argv) -le (count $named); or return 1
    for i in (seq (count $argv))
        test $argv[$i] = $named[$i]; or return 1
    end
end
function __elsewhere_bare
    set -l named (__elsewhere_named)
    test "$named" = "$argv"
end
${everyCommand(root).flatMap(linesOf).join("\n")}
`;
}

function linesOf(node: CommandNode): string[] {
  const place = node.path.slice(1).join(" ");
  const bare = quote(`__elsewhere_bare ${place}`.trim());
  const at = quote(`__elsewhere_at ${place}`.trim());
  return [
    ...node.commands.map(
      ({ path, summary }) =>
        `complete -c elsewhere -n ${bare} -f -a ${quote(path.at(-1)!)} -d ${quote(summary)}`,
    ),
    ...node.arguments.flatMap(({ choices }) =>
      choices.length > 0 ? [`complete -c elsewhere -n ${bare} -f -a ${quote(choices.join(" "))}`] : [],
    ),
    ...node.options.map(
      (option) => `complete -c elsewhere -n ${node.commands.length > 0 ? bare : at} ${optionOf(option)}`,
    ),
  ];
}

function optionOf({ short, long, description, takesValue, choices }: OptionNode): string {
  return [
    ...(short && short !== long ? [`-s ${quote(short.slice(1))}`] : []),
    `-l ${quote(long.replace(/^--/, ""))}`,
    ...(takesValue ? [choices.length > 0 ? `-x -a ${quote(choices.join(" "))}` : "-r"] : []),
    `-d ${quote(description)}`,
  ].join(" ");
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, (character) => `\\${character}`)}'`;
}
