import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AttemptName } from "../change.ts";

/** The three forms of a log: being written, kept as it is, kept packed. */
export interface LogFiles {
  readonly growing: string;
  readonly plain: string;
  readonly packed: string;
}

/** Where the log of an attempt is kept in the state folder: `logs/ab/cdef…-hello.drv/REQUEST-1.log`. */
export function logFilesOf(stateDir: string, { request, drvPath, attempt }: AttemptName): LogFiles {
  const plain = join(logFolderOf(stateDir, drvPath), `${request}-${attempt}.log`);
  return { growing: `${plain}.part`, plain, packed: `${plain}.zst` };
}

/** The folder with all logs of a derivation. */
export function logFolderOf(stateDir: string, drvPath: string): string {
  return join(stateDir, "logs", drvPath.slice(0, 2), drvPath.slice(2));
}

/** The form that a log has now; one that was being written when its process was killed is read as it is. */
export function formOf({ growing, plain, packed }: LogFiles): keyof LogFiles | undefined {
  if (existsSync(growing)) return "growing";
  if (existsSync(packed)) return "packed";
  return existsSync(plain) ? "plain" : undefined;
}
