import { existsSync } from "node:fs";
import { parseWaivers, type Waiver } from "#audit/waiver/parse-waivers.ts";
import { readGivenFile } from "#build/input/given-file.ts";

/** The waivers of a file, or of the one in this folder where none is named. */
export function readWaivers(named?: string): Waiver[] {
  const file = named ?? USUAL_FILE;
  if (named === undefined && !existsSync(file)) return [];
  return parseWaivers(readGivenFile(file).toString("utf8"), file);
}

const USUAL_FILE = ".elsewhere-audit.toml";
