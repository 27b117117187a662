// Writes a manual page for each command: `node scripts/man-pages.ts FOLDER`, as the package is made.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandTree } from "#cli/command-tree.ts";
import { everyCommand } from "#cli/completion/walk.ts";
import { formatManPage } from "#cli/man-page.ts";
import { readVersion } from "#main/version.ts";
import { contextOf } from "./command-pages.ts";

/** Pages by their file name: `elsewhere.1`, `elsewhere-build.1`, … */
export async function manPages(): Promise<Map<string, string>> {
  const commands = everyCommand(await commandTree(contextOf(() => undefined)));
  const version = readVersion();
  return new Map(
    commands.map((node) => [
      `${node.path.join("-")}.1`,
      formatManPage(node, { version, others: commands.map(({ path }) => path) }),
    ]),
  );
}

export async function writeManPages(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await manPages()) writeFileSync(join(folder, name), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeManPages(process.argv[2] ?? "dist/man");
