import type { ScoringSchedule, TaskClass } from "./state.ts";

/** Takes note that something of a class may be placed which could not be before. */
export function touch({ touched }: ScoringSchedule, kind: TaskClass): void {
  if (kind.isTouched) return;
  kind.isTouched = true;
  touched.push(kind);
}

/** All that can be placed was. */
export function untouchAll({ touched }: ScoringSchedule): void {
  for (const kind of touched) kind.isTouched = false;
  touched.length = 0;
}
