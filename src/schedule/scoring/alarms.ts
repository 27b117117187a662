import type { Alarm, AlarmSubject, ScoringSchedule } from "./state.ts";

/** Alarms in the order in which they ring. */
export function byTime(a: Alarm, b: Alarm): number {
  return a.atMs - b.atMs || a.number - b.number;
}

export function setAlarm(schedule: ScoringSchedule, atMs: number, about: AlarmSubject): void {
  schedule.alarms.add({ atMs, number: schedule.alarmsSet++, about });
}

/** Those whose time has come, each once. */
export function* dueAlarms(schedule: ScoringSchedule): Generator<AlarmSubject> {
  const { alarms, nowMs } = schedule;
  for (let first = alarms.first; first && first.atMs <= nowMs; first = alarms.first) {
    alarms.delete(first);
    yield first.about;
  }
}

/** When the next rings, if anybody waits for something. */
export function nextAlarmMs({ alarms, open, stopped }: ScoringSchedule): number | undefined {
  return open > 0 && !stopped ? alarms.first?.atMs : undefined;
}
