import { unreachable } from "#base/errors.ts";
import { onBuilder, REMOVE_LINE, runOrThrow } from "./apply.ts";
import type { Change, FileChange } from "./change.ts";
import type { SetupHost } from "./host.ts";
import type { SetupEntry } from "./journal.ts";
import { takeBack } from "./unified-diff.ts";

/** What undoing an entry does: the changes to files, and what cannot be taken back. */
export interface UndoPlan {
  readonly changes: readonly Change[];
  readonly obstacles: readonly string[];
}

/** The last change first. What others changed in a file since stays, unless it is in the same lines. */
export function planUndo(host: SetupHost, entry: SetupEntry): UndoPlan {
  const obstacles: string[] = [];
  const now = new Map<string, string | undefined>();
  const current = (path: string) => (now.has(path) ? now.get(path) : host.readText(path));
  const changes = entry.changes.toReversed().flatMap((change): Change[] => {
    if (change.kind !== "file") return [change];
    const text = current(change.path);
    const after = reverted(change, text);
    if (after === STUCK) {
      obstacles.push(`'${change.path}' was changed since, in the same lines: it stays as it is`);
      return [];
    }
    if (after === text) return [];
    now.set(change.path, after);
    return [{ ...change, before: text, after }];
  });
  return { changes, obstacles };
}

/** Takes one change of an entry back. Throws where that cannot be. */
export async function undo(host: SetupHost, change: Change): Promise<void> {
  switch (change.kind) {
    case "file":
      if (change.after === undefined) host.remove(change.path);
      else host.writeText(change.path, change.after, change.mode);
      return;
    case "remote-line":
      return await onBuilder(host, change, REMOVE_LINE);
    case "command":
      if (change.undo) await runOrThrow(host, change, change.undo);
      return;
    default:
      unreachable(change);
  }
}

function reverted(
  { before, after }: FileChange,
  text: string | undefined,
): string | undefined | typeof STUCK {
  if (text === after) return before;
  // Begun and never done, or taken back by hand.
  if (text === before || text === undefined) return text;
  return takeBack(text, before ?? "", after ?? "") ?? STUCK;
}

const STUCK = Symbol("stuck");
