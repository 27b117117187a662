import type { AuditReport } from "./report.ts";

/** A report as plain JSON; `version` rises when a field changes its meaning. */
export function reportToJson(report: AuditReport): unknown {
  return { version: 1, ...report, platforms: Object.fromEntries(report.platforms) };
}
