import { formatBytes } from "#base/format-bytes.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";

/** `hello-2.12` for its derivation or any of its outputs. */
export function shortName(path: StorePath): string {
  return nameOf(path).replace(/\.drv$/, "");
}

/** `0.3 s`, `12 s`, `3 m 05 s`, `2 h 10 m`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
}

/** `12 s`, `3 m 05 s`: without what changes faster than one can read. */
export function formatElapsed(ms: number): string {
  return ms < 10_000 ? `${Math.max(0, Math.floor(ms / 1000))} s` : formatDuration(ms);
}

/** `3.1 of 10 MiB`; where the units differ, both are said. */
export function formatShare(done: number, all: number): string {
  const [part, whole] = [formatBytes(Math.min(done, all)), formatBytes(all)];
  const [number, unit] = part.split(" ");
  return whole.endsWith(` ${unit}`) ? `${number} of ${whole}` : `${part} of ${whole}`;
}

/** ` 34 %`; nothing while there is nothing to tell. What is under way is never all there. */
export function formatPercent({ done, bytes }: { readonly done: number; readonly bytes: number }): string {
  return done > 0 && bytes > 0 ? ` ${Math.min(99, Math.floor((done * 100) / bytes))} %` : "";
}

/** `1 path`, `2 paths`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A line of a log without what would move the cursor or ring the bell; with its colours where they are wanted. */
export function tame(line: string, { colours }: { colours: boolean }): string {
  const last = line.split("\r").findLast((part) => part !== "") ?? "";
  return last.replace(ESCAPES_AND_CONTROLS, (found) => (colours && SGR.test(found) ? found : ""));
}

const ESCAPES_AND_CONTROLS =
  /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f]/g;
const SGR = /^\x1b\[[0-9;]*m$/;

/** The first few of many names: `a, b, c, … and 40 more (all with -v)`. */
export function some(names: readonly string[]): string {
  if (names.length <= NAMED_MAX + 1) return names.join(", ");
  return `${names.slice(0, NAMED_MAX).join(", ")}, … and ${names.length - NAMED_MAX} more (all with -v)`;
}

const NAMED_MAX = 6;
