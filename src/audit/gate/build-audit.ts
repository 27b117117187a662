import type { OutputGate } from "#build/engine/output-gate.ts";
import { auditGraph } from "../graph/graph-report.ts";
import { platformGraphOf } from "../graph/load.ts";
import type { AuditReport } from "../report/report.ts";
import { applyWaivers } from "../waiver/apply-waivers.ts";
import { ContentGate, type ContentGateOptions } from "./content-gate.ts";

/** The audit that goes with a build. */
export interface BuildAudit {
  /** Of the graph, before anything is built, without what is waived. */
  readonly before: AuditReport;
  /** Looks at what is built. */
  readonly gate: OutputGate;
}

export async function auditBuild(options: ContentGateOptions): Promise<BuildAudit> {
  const { storeDir, roots, graph, waivers } = options;
  const report = await auditGraph(platformGraphOf(storeDir, roots, graph));
  return { before: applyWaivers(report, waivers).report, gate: new ContentGate(options) };
}
