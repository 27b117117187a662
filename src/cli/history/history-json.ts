import type { AttemptRecord } from "#ledger/record.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { PastBuild } from "./past-build.ts";

/** A build as `--json` shows it; what is not known is null. Times in ms since the epoch. */
export function historyJson({ build, attempts, request }: PastBuild, storeDir: StoreDir): object {
  const { number, drvPath, system, plannedMs, endedMs, end, builder, durationMs, message, outputs } = build;
  return {
    build: number,
    drvPath: printStorePath(storeDir, drvPath),
    system,
    status: end ?? "running",
    builder: builder ?? null,
    plannedMs,
    endedMs: endedMs ?? null,
    durationMs: durationMs ?? null,
    message: message ?? null,
    outputs: Object.fromEntries(
      Array.from(outputs, ([name, path]) => [name, printStorePath(storeDir, path)]),
    ),
    request: request && {
      key: request.key,
      principal: request.principal,
      command: request.command,
      wishes: request.wishes,
      store: request.store,
      beganMs: request.beganMs,
      endedMs: request.endedMs ?? null,
      status: request.end ?? "running",
    },
    attempts: attempts.map(attemptJson),
  };
}

function attemptJson(attempt: AttemptRecord): object {
  const { placement, end, detail, message, beganMs, buildBeganMs, endedMs } = attempt;
  return {
    attempt: attempt.attempt,
    builder: attempt.builder,
    local: attempt.local,
    emulated: placement.score.emulated,
    status: end ?? "running",
    detail: detail ?? null,
    message: message ?? null,
    beganMs,
    buildBeganMs: buildBeganMs ?? null,
    endedMs: endedMs ?? null,
    cpuUserUs: attempt.cpuUserUs ?? null,
    cpuSystemUs: attempt.cpuSystemUs ?? null,
    memoryPeakBytes: attempt.memoryPeakBytes ?? null,
    placement: { ...placement, faults: Object.fromEntries(placement.faults) },
  };
}
