import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { SandboxSpec } from "../sandbox.ts";

/**
 * Writes a table of the mounts in fstab(5) form, below the root, and makes the places that they are put on.
 * bubblewrap reads all mounts again for each one that it makes; mount(8) makes thousands in a breath.
 */
export async function mountTable({ root, mounts, scratchDir }: SandboxSpec): Promise<string> {
  const lines = mounts.map(({ source, target, writable }) => {
    const place = root + target;
    makePlace(place, statSync(source).isDirectory());
    return `${inTable(source)} ${inTable(place)} none ${writable ? "rbind" : "bind,ro"} 0 0\n`;
  });
  const table = `${scratchDir}/mounts`;
  await writeFile(table, lines.join(""));
  return table;
}

function makePlace(place: string, isFolder: boolean): void {
  if (isFolder) {
    mkdirSync(place, { recursive: true });
    return;
  }
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, "", { flag: "a" });
}

/** Source: fstab(5): a space is `\040`. */
function inTable(path: string): string {
  return path.replace(/[\\ \t\n#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
