import { ElsewhereError } from "#base/errors.ts";
import type { OutputGate } from "#build/engine/output-gate.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import { auditText } from "../audit/audit-text.ts";
import { readWaivers } from "../audit/waiver-file.ts";
import type { CommandContext } from "../command-context.ts";
import { styleFor } from "../style.ts";

/**
 * Audits what is about to be built, and makes the gate that its outputs pass; undefined where the setting is `off`.
 * What is wrong is shown; with `fail`, an error among it throws.
 */
export async function openGate(
  { services, terminal }: CommandContext,
  { graph, wishes, destination }: Pick<RealiseRequest, "graph" | "wishes" | "destination">,
  { settings: { audit: mode } }: ResolvedSettings,
): Promise<OutputGate | undefined> {
  if (mode === "off" || wishes.length === 0) return undefined;
  const { before, gate } = await services.auditBuild({
    storeDir: destination.store.storeDir,
    graph,
    roots: wishes.map(({ drvPath }) => drvPath),
    refuses: mode === "fail",
    waivers: readWaivers(),
  });
  const open = before.findings.filter(({ waived }) => waived === undefined);
  if (open.length === 0) return gate;
  const columns = terminal.live ? terminal.columns() : undefined;
  const style = styleFor(terminal.colours.error);
  terminal.error(`${auditText({ ...before, findings: open }, { style, columns, all: false })}\n`);
  if (mode === "fail" && open.some(({ severity }) => severity === "error"))
    throw new ElsewhereError(
      "WRONG_PLATFORM",
      "Cannot build: parts of it are for a platform that cannot run them",
      { hint: "change what is named above, waive it in .elsewhere-audit.toml, or say --audit warn" },
    );
  return gate;
}
