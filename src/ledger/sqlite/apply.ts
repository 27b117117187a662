import { unreachable } from "#base/errors.ts";
import type { LedgerChange } from "../change.ts";
import type { LedgerDatabase } from "./database.ts";
import { beginAttempt } from "./write/begin-attempt.ts";
import { beginRequest } from "./write/begin-request.ts";
import { endAttempt } from "./write/end-attempt.ts";
import { endBuild } from "./write/end-build.ts";
import { endRequest } from "./write/end-request.ts";
import { insertCopy } from "./write/insert-copy.ts";
import { insertPath } from "./write/insert-path.ts";
import { noteBuilding } from "./write/note-building.ts";
import { planBuild } from "./write/plan-build.ts";
import { sizeOutput } from "./write/size-output.ts";

/** Writes one change down, within a transaction. */
export function apply(db: LedgerDatabase, change: LedgerChange): void {
  switch (change.kind) {
    case "request-began":
      beginRequest(db, change);
      break;
    case "request-ended":
      endRequest(db, change);
      break;
    case "build-planned":
      planBuild(db, change);
      break;
    case "attempt-began":
      beginAttempt(db, change);
      break;
    case "attempt-building":
      noteBuilding(db, change);
      break;
    case "attempt-ended":
      endAttempt(db, change);
      break;
    case "build-ended":
      endBuild(db, change);
      break;
    case "output-sized":
      sizeOutput(db, change);
      break;
    case "copied":
      insertCopy(db, change);
      break;
    case "path-arrived":
      insertPath(db, change);
      break;
    default:
      unreachable(change);
  }
}
