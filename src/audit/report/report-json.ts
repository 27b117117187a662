import type { Waiver } from "../waiver/parse-waivers.ts";
import type { AuditReport } from "./report.ts";

/** A report as plain JSON, with the waivers that nothing needed; `version` rises when a field changes its meaning. */
export function reportToJson(report: AuditReport, unusedWaivers: readonly Waiver[]): unknown {
  return { version: 1, ...report, platforms: Object.fromEntries(report.platforms), unusedWaivers };
}
