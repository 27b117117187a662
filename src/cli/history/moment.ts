import { UsageError } from "../error-report.ts";

/** A moment as people write it, in ms since the epoch: a date, a date with a time, or how long ago: `90m`, `2h`, `3d`, `1w`. */
export function parseMoment(text: string, nowMs: number): number {
  const ago = /^(\d{1,6})\s*([smhdw])$/.exec(text.trim());
  if (ago) return nowMs - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  const given = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?$/.exec(text.trim());
  const ms = given ? new Date(`${given[1]}T${given[2] ?? "00:00"}`).getTime() : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(
      `Cannot use the time '${text}'`,
      "want 2026-11-25, '2026-11-25 18:00', or how long ago: 90m, 2h, 3d, 1w",
    );
  return ms;
}

/** `18:05`, on another day than today `11-25 18:05`, in another year the whole date. In the time zone of this machine. */
export function formatMoment(ms: number, nowMs: number): string {
  const [date, now] = [new Date(ms), new Date(nowMs)];
  const two = (value: number) => String(value).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  if (date.getFullYear() !== now.getFullYear()) return `${date.getFullYear()}-${day}`;
  return date.toDateString() === now.toDateString() ? time : `${day} ${time}`;
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
