import { formatBytes } from "#base/format-bytes.ts";
import type { Origin } from "#build/events.ts";
import { keyNameOf } from "#nix/signature.ts";
import { nameOf, printStorePath, type StoreDir } from "#nix/store-path.ts";
import { count, formatDuration } from "../progress/words.ts";
import { faultWords, usageWords } from "./attempt-words.ts";
import { historyJson } from "./history-json.ts";
import { formatMoment } from "./moment.ts";
import type { PastBuild } from "./past-build.ts";
import type { Provenance, ProvenanceStep } from "./provenance.ts";

/** How a path came to be, as a person reads it. */
export function provenanceLines(
  { path, info, steps }: Provenance,
  { nowMs, storeDir }: { nowMs: number; storeDir: StoreDir },
): string[] {
  const when = (ms: number) => formatMoment(ms, nowMs);
  const lines = [printStorePath(storeDir, path)];
  for (const step of steps) lines.push(...stepLines(step, when).map((line) => `  ${line}`));
  if (steps.length === 0) lines.push("  no build or copy of it is recorded here");
  if (!info) return [...lines, "  the store does not have it now"];
  const names = info.signatures.map(keyNameOf);
  if (names.length > 0) lines.push(`  signed by ${names.join(" and ")}`);
  if (info.ultimate) lines.push("  the store calls it built here");
  else if (info.contentAddress) lines.push("  its path is made from its contents");
  else if (names.length === 0) lines.push("  nobody signed it");
  if (info.deriver && !steps.some(({ kind }) => kind === "made"))
    lines.push(`  made by ${nameOf(info.deriver)}`);
  return lines;
}

function stepLines(step: ProvenanceStep, when: (ms: number) => string): string[] {
  switch (step.kind) {
    case "made":
      return madeLines(step.past, when);
    case "copied": {
      const { from, to, paths, bytes, endedMs } = step.copy;
      const company =
        paths > 1
          ? ` with ${count(paths - 1, "other path")}, ${formatBytes(bytes)}`
          : `, ${formatBytes(bytes)}`;
      return [`copied from ${from} to ${to}${company} (${when(endedMs)})`];
    }
    case "arrived": {
      const { store, origin, signedBy, atMs } = step.record;
      const signature = signedBy.length > 0 ? `, signed by ${signedBy.join(" and ")}` : "";
      return [`was wanted in ${store}: ${originWords(origin)}${signature} (${when(atMs)})`];
    }
  }
}

function madeLines({ build, attempts, request }: PastBuild, when: (ms: number) => string): string[] {
  const last = attempts.at(-1);
  const { number, end, builder, system, endedMs, durationMs } = build;
  const took = durationMs === undefined ? "" : ` in ${formatDuration(durationMs)}`;
  const nature =
    last && end === "built" ? (last.placement.score.emulated ? ", by emulation" : ", natively") : "";
  const tries = attempts.length > 1 ? `, at attempt ${attempts.length}` : "";
  const lost = attempts.filter(({ end: how }) => how === "lost");
  return [
    `${end} on ${builder ?? "?"} for ${system}${nature}${took}${tries}: build ${number}${endedMs === undefined ? "" : ` (${when(endedMs)})`}${last ? usageWords(last) : ""}`,
    ...lost.map(
      (attempt) =>
        `  attempt ${attempt.attempt} on ${attempt.builder} came to nothing: ${faultWords(attempt) ?? "nobody said why"}`,
    ),
    ...(request ? [`  asked for by ${request.principal}: ${request.command}`] : []),
  ];
}

function originWords(origin: Origin): string {
  switch (origin.kind) {
    case "already-there":
      return "it was there already";
    case "built":
      return `it was built on ${origin.builder}`;
    case "substituted":
      return origin.from
        ? `it was taken from the cache ${origin.from}`
        : `${origin.builder} took it from a cache`;
    case "copied":
      return `it was copied from ${origin.from}`;
  }
}

/** The same for programs. Times in ms since the epoch. */
export function provenanceJson({ path, info, steps }: Provenance, storeDir: StoreDir): object {
  return {
    path: printStorePath(storeDir, path),
    valid: info !== undefined,
    deriver: info?.deriver ? printStorePath(storeDir, info.deriver) : null,
    signatures: info?.signatures ?? [],
    ultimate: info?.ultimate ?? null,
    steps: steps.map((step) => stepJson(step, storeDir)),
  };
}

function stepJson(step: ProvenanceStep, storeDir: StoreDir): object {
  switch (step.kind) {
    case "made":
      return { kind: "made", atMs: step.atMs, ...historyJson(step.past, storeDir) };
    case "copied":
      return { kind: "copied", atMs: step.atMs, ...step.copy, error: undefined };
    case "arrived":
      return { kind: "arrived", ...step.record, path: printStorePath(storeDir, step.record.path) };
  }
}
