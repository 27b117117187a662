import { OrderedList } from "../ordered-list.ts";
import type { Alarm, AlarmSubject, ScoringSchedule } from "./state.ts";

/** Alarms in the order in which they ring. */
export function listByTime(): OrderedList<Alarm> {
  return new OrderedList(
    (a, b) => a.number - b.number,
    ({ atMs }) => atMs,
  );
}

export function setAlarm(schedule: ScoringSchedule, atMs: number, about: AlarmSubject): void {
  schedule.alarms.add({ atMs, number: schedule.alarmsSet++, about });
}

/** Takes out the first whose time has come. */
export function takeDue({ alarms, nowMs }: ScoringSchedule): AlarmSubject | undefined {
  const { first } = alarms;
  if (!first || first.atMs > nowMs) return undefined;
  alarms.delete(first);
  return first.about;
}

/** When the next rings, if anybody waits for something. */
export function nextAlarmMs({ alarms, open, stopped }: ScoringSchedule): number | undefined {
  return open > 0 && !stopped ? alarms.first?.atMs : undefined;
}
