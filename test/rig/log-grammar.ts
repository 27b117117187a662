import assert from "node:assert/strict";
import { ACTIVITY, type LogEvent, type LogField, RESULT } from "#nix/log-event.ts";
import { DEFAULT_STORE_DIR, parseStorePath } from "#nix/store-path.ts";

/** Holds what is told to the grammar by which Nix's lines are read. */
export function checkLogGrammar(events: readonly LogEvent[]): void {
  const open = new Set<number>();
  for (const event of events) {
    if (event.kind === "message") continue;
    if (event.kind === "start") {
      assert.ok(!open.has(event.id), "an id is begun once");
      assert.ok(event.parent === 0 || open.has(event.parent), "the parent goes on");
      const wanted = ACTIVITY_FIELDS[event.type];
      assert.equal(shapeOf(event.fields), wanted, `activity ${event.type} '${event.text}'`);
      open.add(event.id);
      continue;
    }
    assert.ok(open.has(event.id), `${event.kind} of what goes on`);
    if (event.kind === "stop") open.delete(event.id);
    else {
      const wanted = RESULT_FIELDS[event.type]!;
      assert.equal(
        shapeOf(event.fields).replaceAll(wanted === "t" ? "p" : "", wanted === "t" ? "t" : ""),
        wanted,
      );
    }
  }
  assert.equal(open.size, 0, "everything has ended");
}

/** The kinds of fields that readers of each activity count on: a path of the store, a text, a number. */
const ACTIVITY_FIELDS: Record<number, string> = {
  [ACTIVITY.realise]: "",
  [ACTIVITY.copyPaths]: "",
  [ACTIVITY.builds]: "",
  [ACTIVITY.copyPath]: "ptt",
  [ACTIVITY.build]: "ptnn",
  [ACTIVITY.unknown]: "",
  [ACTIVITY.substitute]: "pt",
  [ACTIVITY.queryPathInfo]: "pt",
  [ACTIVITY.fileTransfer]: "t",
};
const RESULT_FIELDS: Record<number, string> = {
  [RESULT.buildLogLine]: "t",
  [RESULT.setPhase]: "t",
  [RESULT.progress]: "nnnn",
  [RESULT.setExpected]: "nn",
};

function shapeOf(fields: readonly LogField[]): string {
  return fields.map((field) => (typeof field === "number" ? "n" : isPath(field) ? "p" : "t")).join("");
}

function isPath(text: string): boolean {
  try {
    parseStorePath(DEFAULT_STORE_DIR, text);
    return true;
  } catch {
    return false;
  }
}
