import { readFileSync, type Stats, statSync } from "node:fs";
import { ElsewhereError, messageOf } from "#base/errors.ts";

/** The contents of a file that somebody named. Throws NO_SUCH_FILE or CANNOT_READ with the name in it. */
export function readGivenFile(file: string): Buffer {
  assertIsFile(file);
  return naming(file, () => readFileSync(file));
}

/** Refuses what cannot be a file of anybody's: a folder, or what is not there. Pipes and devices pass. */
export function assertIsFile(file: string): void {
  const stats = naming(file, (): Stats => statSync(file));
  if (stats.isDirectory())
    throw new ElsewhereError("CANNOT_READ", `Cannot read '${file}': it is a folder`, {
      hint: "name a file in it",
    });
}

/** Node's words for a directory that is read name no file, and those for other faults begin with a code. */
function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw new ElsewhereError("NO_SUCH_FILE", `Cannot read '${file}': there is no such file`);
    throw new ElsewhereError("CANNOT_READ", `Cannot read '${file}': ${messageOf(cause)}`, {
      cause,
      ...(code === "EACCES" && { hint: `this user may not read it; see 'ls -l ${file}'` }),
    });
  }
}
