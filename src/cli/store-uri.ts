import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ElsewhereError } from "#base/errors.ts";

/**
 * A store as the command line names it. A folder is one of the working folder; one without a slash must exist, for
 * it may as well be a mistyped URI. A store URI stays.
 */
export function storeUri(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return text;
  if (/^[^?:]*\//.test(text)) return resolve(text);
  if (/[:?]/.test(text) || KNOWN.has(text)) return text;
  if (isFolder(text)) return resolve(text);
  throw new ElsewhereError(
    "MALFORMED",
    `Cannot use '${text}' as a store: it is neither a folder here nor a store URI`,
    {
      hint: `say './${text}' to make a store in a new folder, or ssh-ng://${text} for a machine`,
    },
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

const KNOWN: ReadonlySet<string> = new Set(["auto", "daemon", "local"]);
