import type { ArgumentNode, CommandNode, OptionNode } from "./command-tree.ts";

export interface ManPageOptions {
  readonly version: string;
  /** Paths of all commands, for the references at the end. */
  readonly others: readonly (readonly string[])[];
}

/** The manual page of a command, in man(7). */
export function formatManPage(node: CommandNode, { version, others }: ManPageOptions): string {
  const name = node.path.join("-");
  return [
    `.TH "${name.toUpperCase()}" 1 "" "Elsewhere ${version}" "Elsewhere"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(node.summary)}`,
    ".SH SYNOPSIS",
    synopsisOf(node),
    ".SH DESCRIPTION",
    paragraphs(node.description),
    ...section("COMMANDS", node.commands.map(commandItem)),
    ...section("ARGUMENTS", node.arguments.map(argumentItem)),
    ...section("OPTIONS", node.options.map(optionItem)),
    ...epilogueSections(node.epilogue),
    ".SH SEE ALSO",
    seeAlso(node.path, others),
    "",
  ].join("\n");
}

function synopsisOf({ path, options, commands, arguments: all }: CommandNode): string {
  const words = all.map(({ name, required, variadic }) => {
    const word = `\\fI${escaped(name)}\\fR${variadic ? "..." : ""}`;
    return required ? word : `[${word}]`;
  });
  const rest = [
    ...(options.length > 0 ? ["[\\fIOPTION\\fR]..."] : []),
    ...(commands.length > 0 ? ["\\fICOMMAND\\fR"] : []),
    ...words,
  ];
  return [`\\fB${escaped(path.join(" "))}\\fR`, ...rest].join(" ");
}

function section(title: string, items: readonly string[]): string[] {
  return items.length > 0 ? [`.SH ${title}`, ...items] : [];
}

function commandItem({ path, summary }: CommandNode): string {
  return `.TP\n\\fB${escaped(path.at(-1)!)}\\fR\n${line(summary)}`;
}

function argumentItem({ name, description }: ArgumentNode): string {
  return `.TP\n\\fI${escaped(name)}\\fR\n${line(description)}`;
}

function optionItem({ flags, description }: OptionNode): string {
  const shown = escaped(flags).replace(/(\\-[A-Za-z0-9\\-]+)/g, "\\fB$1\\fR");
  return `.TP\n${shown}\n${line(description)}`;
}

/** `Examples:` and its like are headings of what is indented below them; everything else is a paragraph. */
function epilogueSections(epilogue: string): string[] {
  return epilogue
    .split(/\n\n+/)
    .filter((block) => block.trim() !== "")
    .flatMap((block) => {
      const [first = "", ...rest] = block.split("\n");
      const heading = /^([A-Z][A-Za-z ]{2,40}):$/.exec(first)?.[1];
      if (heading) return [`.SH ${heading.toUpperCase()}`, asIs(rest)];
      return /^\s/.test(first) || rest.some((other) => /^\s/.test(other))
        ? [".PP", asIs([first, ...rest])]
        : [".PP", block.split("\n").map(line).join("\n")];
    });
}

function asIs(lines: readonly string[]): string {
  return [".nf", ...lines.map(line), ".fi"].join("\n");
}

function seeAlso(path: readonly string[], others: readonly (readonly string[])[]): string {
  const near = others.filter(
    (other) =>
      other.length <= path.length + 1 &&
      other.slice(0, -1).join(" ") === (other.length > path.length ? path : path.slice(0, -1)).join(" "),
  );
  const names = near.map((other) => other.join("-")).filter((name) => name !== path.join("-"));
  return [...new Set(["elsewhere", ...names])]
    .filter((name) => name !== path.join("-"))
    .map((name) => `.BR ${escaped(name)} (1)`)
    .join(",\n");
}

function paragraphs(text: string): string {
  return text
    .split(/\n\n+/)
    .map((paragraph) => paragraph.split("\n").map(line).join("\n"))
    .join("\n.PP\n");
}

/** A line of text; one that would begin with a control character does not. */
function line(text: string): string {
  return /^[.']/.test(text) ? `\\&${escaped(text)}` : escaped(text);
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/[^\x00-\x7f]/gu, (character) => `\\[u${codeOf(character)}]`);
}

function codeOf(character: string): string {
  return character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
}
