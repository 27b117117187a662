import { describeWait } from "#build/engine/reason/wait-words.ts";
import type { WaitReason } from "#schedule/reason.ts";
import type { Style } from "../style.ts";
import type { Progress } from "./progress.ts";
import { fit } from "./width.ts";
import { count, shortName, tame } from "./words.ts";

export interface WaitingLineOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly style: Style;
}

/** Why something stands still that could go on: what nobody takes; when nothing is under way, what everything waits for. */
export function waitingLines(progress: Progress, { nowMs, columns, style }: WaitingLineOptions): string[] {
  const { fetching, sending, queued, building, ready } = progress.graph.counts;
  const isStill = fetching + sending + queued + building === 0;
  const told = [...progress.held].filter(([, { reason }]) => isStill || isNews(reason)).slice(0, LINES_MAX);
  const lines = told.map(([drvPath, { reason }]) => {
    const why = tame(describeWait(reason, nowMs).replaceAll("\n", " "), { colours: false });
    return `${shortName(drvPath)} waits ${why}`;
  });
  if (lines.length === 0 && isStill && ready > 0) lines.push(plainly(progress, ready));
  return lines.map((line) => style.warn(fit(line, columns)));
}

/** That all who could take it are busy is as it should be. */
function isNews(reason: WaitReason): boolean {
  switch (reason.kind) {
    case "nobody":
    case "backing-off":
      return true;
    case "builders":
      return reason.verdicts.every(
        ({ obstacle }) => obstacle?.kind !== "full" && obstacle?.kind !== "connecting",
      );
    default:
      return false;
  }
}

function plainly({ builders }: Progress, ready: number): string {
  const states = Array.from(builders.values(), ({ state }) => state);
  const connecting = states.filter((state) => state === "connecting").length;
  const builds = `${count(ready, "build")} ready`;
  if (states.includes("up")) return `${builds}, waiting for a builder that can take them`;
  return connecting > 0
    ? `${builds}, waiting for ${count(connecting, "builder")} to answer`
    : `${builds}, and no builder answers`;
}

const LINES_MAX = 2;
