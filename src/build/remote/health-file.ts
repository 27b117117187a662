import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuilderHealth } from "../engine/site.ts";

interface Fault {
  readonly failures: number;
  readonly untilMs: number;
  readonly message: string;
}

/**
 * Builders that did not answer, kept in a file so that each costs one connect timeout and not one a run.
 * Several runs may write it at once; what one of them then forgets costs one more timeout.
 */
export function openHealthFile(stateDir: string): BuilderHealth {
  const file = join(stateDir, "builder-health.json");
  const faults = new Map<string, Fault>(Object.entries(readFaults(file)));
  const save = () => {
    try {
      mkdirSync(stateDir, { recursive: true });
      writeFileSync(`${file}.${process.pid}`, JSON.stringify(Object.fromEntries(faults)));
      renameSync(`${file}.${process.pid}`, file);
    } catch {
      // A home that cannot be written only means that nothing is remembered.
    }
  };
  return {
    backOff: (builder, nowMs) => {
      const fault = faults.get(builder);
      return fault && fault.untilMs > nowMs ? fault : undefined;
    },
    failed: (builder, nowMs, message) => {
      const failures = Math.min((faults.get(builder)?.failures ?? 0) + 1, FAILURES_COUNTED);
      faults.set(builder, { failures, message, untilMs: nowMs + BACK_OFF_MS * 3 ** (failures - 1) });
      save();
    },
    recovered: (builder) => {
      if (faults.delete(builder)) save();
    },
  };
}

function readFaults(file: string): Record<string, Fault> {
  try {
    const parsed = JSON.parse(readFileSync(file, "utf8")) as Record<string, Fault>;
    const isFault = ({ failures, untilMs, message }: Fault) =>
      Number.isFinite(failures) && Number.isFinite(untilMs) && typeof message === "string";
    return Object.fromEntries(Object.entries(parsed).filter(([, fault]) => isFault(fault)));
  } catch {
    return {};
  }
}

/** The first rest; each failure after it makes it three times as long: 30 s, 90 s, 4.5 min, 13.5 min. */
const BACK_OFF_MS = 30_000;
const FAILURES_COUNTED = 4;
