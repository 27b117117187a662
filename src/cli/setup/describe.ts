import { unreachable } from "#base/errors.ts";
import type { Change } from "#setup/change.ts";
import { showDiff } from "../show-diff.ts";
import type { Style } from "../style.ts";

/** What will be done, for a person to agree to: diffs of files, and commands as they would be typed. */
export function describeChanges(changes: readonly Change[], style: Style): string {
  return changes.map((change) => describe(change, style)).join("\n");
}

/** What taking changes back will do. Those to files are given as they will be done. */
export function describeUndoing(changes: readonly Change[], style: Style): string {
  return changes
    .flatMap((change) => {
      if (change.kind === "command")
        return change.undo ? [`${style.bold(`undo: ${change.why}`)}\n  ${change.undo.join(" ")}`] : [];
      if (change.kind === "file") return [describe(change, style)];
      return [`${placeOf(change, style)}\n${style.bad(`-${change.line}`)}`];
    })
    .join("\n");
}

function describe(change: Change, style: Style): string {
  switch (change.kind) {
    case "file":
      if (change.secret)
        return style.bold(`${change.after === undefined ? "remove" : "make"} ${change.path}`);
      return showDiff(change, style).trimEnd();
    case "remote-line":
      return `${placeOf(change, style)}\n${style.good(`+${change.line}`)}`;
    case "command":
      return `${style.bold(change.why)}\n  ${change.run.join(" ")}`;
    default:
      return unreachable(change);
  }
}

function placeOf({ host, path }: Extract<Change, { kind: "remote-line" }>, style: Style): string {
  return style.bold(`on ${host}, in ~/${path}`);
}
