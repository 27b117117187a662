import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sweepLogs } from "#ledger/log/sweep-logs.ts";

test("of logs beyond the bound the oldest go, once a day, and never one that is being written", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "elsewhere-sweep-"));
  try {
    const folder = join(stateDir, "logs/ab/cd.drv");
    mkdirSync(folder, { recursive: true });
    const write = (name: string, ageS: number) => {
      writeFileSync(join(folder, name), "x".repeat(100));
      utimesSync(join(folder, name), 1000 - ageS, 1000 - ageS);
    };
    write("new-1.log", 1);
    write("middle-1.log.zst", 2);
    write("old-1.log", 3);
    write("growing-1.log.part", 9);
    const nowMs = 10 ** 12;
    sweepLogs(stateDir, { bytesMax: 200, nowMs });
    const left = ["growing-1.log.part", "middle-1.log.zst", "new-1.log"];
    assert.deepEqual(readdirSync(folder).sort(), left);
    sweepLogs(stateDir, { bytesMax: 0, nowMs: nowMs + 1000 });
    assert.deepEqual(readdirSync(folder).sort(), left, "it was looked at just now");
    sweepLogs(stateDir, { bytesMax: 0, nowMs: nowMs + 2 * 24 * 60 * 60 * 1000 });
    assert.deepEqual(readdirSync(folder), ["growing-1.log.part"]);
  } finally {
    rmSync(stateDir, { recursive: true });
  }
});
