import type { Style } from "../style.ts";
import type { Progress } from "./progress.ts";
import { fit } from "./width.ts";
import { count } from "./words.ts";

/** When builds are ready and none is under way: what they wait for. */
export function waitingLine(
  { graph, builders }: Progress,
  { columns, style }: { columns: number; style: Style },
): string[] {
  const { ready, sending, queued, building } = graph.counts;
  if (ready === 0 || sending + queued + building > 0) return [];
  const connecting = [...builders.values()].filter(({ state }) => state === "connecting");
  const up = [...builders.values()].some(({ state }) => state === "up");
  const why =
    connecting.length > 0 && !up
      ? `for ${count(connecting.length, "builder")} to answer`
      : up
        ? "for a builder that can take them"
        : "and no builder answers";
  return [style.warn(fit(`${count(ready, "build")} ready, waiting ${why}`, columns))];
}
