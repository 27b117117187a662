import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CommandContext } from "#cli/command-context.ts";
import { COMMANDS } from "#cli/command-list.ts";
import { runProgram } from "#cli/program.ts";
import type { Services } from "#cli/services.ts";

/** Where the pages lie in a checkout. */
export const pagesFolder = fileURLToPath(new URL("../docs/commands/", import.meta.url));

/** A page for each command, by its file name: what its `--help` says, and that of the commands within it. */
export async function commandPages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const { name, summary, load } of COMMANDS) {
    const { commands } = (await load()).command(contextOf(() => undefined));
    const inner = commands.map((command) => command.name()).filter((other) => other !== "help");
    const parts = [`# elsewhere ${name}\n`, `${sentence(summary)}\n`, fenced(await helpOf([name]))];
    for (const other of inner)
      parts.push(`## elsewhere ${name} ${other}\n`, fenced(await helpOf([name, other])));
    pages.set(`${name}.md`, `${NOTE}${parts.join("\n")}`);
  }
  return pages;
}

async function helpOf(words: readonly string[]): Promise<string> {
  let said = "";
  await runProgram(
    [...words, "--help"],
    contextOf((text) => (said += text)),
  );
  return said.trimEnd();
}

/** A context for commands that only describe themselves. */
export function contextOf(take: (text: string) => void): CommandContext {
  return {
    terminal: {
      print: async (text) => take(String(text)),
      error: () => undefined,
      live: false,
      colours: { error: false, output: false },
      columns: () => COLUMNS,
      rows: () => 24,
      onResize: () => ({ [Symbol.dispose]: () => undefined }),
      outputColumns: () => COLUMNS,
      flush: async () => undefined,
    },
    services: {} as Services,
    env: {},
    version: "",
    args: [],
    signal: new AbortController().signal,
    interrupt: () => undefined,
    commands: COMMANDS,
    exitWith: () => undefined,
  };
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\`\n`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const COLUMNS = 100;
const NOTE = "<!-- Written by scripts/command-pages.ts from what --help says. -->\n\n";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(pagesFolder, { recursive: true });
  for (const [name, text] of await commandPages()) writeFileSync(`${pagesFolder}${name}`, text);
}
