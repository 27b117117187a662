import { existsSync, readFileSync } from "node:fs";
import { parseWaivers, type Waiver } from "#audit/waiver/parse-waivers.ts";
import { ElsewhereError } from "#base/errors.ts";

/** The waivers of a file, or of the one in this folder where none is named. */
export function readWaivers(named?: string): Waiver[] {
  const file = named ?? USUAL_FILE;
  if (!existsSync(file)) {
    if (named === undefined) return [];
    throw new ElsewhereError("NO_SUCH_FILE", `Cannot read waivers from '${file}': there is no such file`);
  }
  return parseWaivers(readFileSync(file, "utf8"), file);
}

const USUAL_FILE = ".elsewhere-audit.toml";
