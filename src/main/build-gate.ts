import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Waiver } from "#audit/waiver/parse-waivers.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { OutputGate } from "#build/engine/output-gate.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import type { Settings } from "#nix/settings.ts";
import { confFiles, type Environment } from "./load-settings.ts";

export interface GateOptions {
  readonly mode: Settings["audit"];
  readonly env: Environment;
  /** Told, in sentences, what is wrong with the graph. */
  readonly say: (text: string) => void;
}

/**
 * Audits what Nix wants built, and makes the gate that its outputs pass; undefined where the setting is `off`. With `fail`,
 * an error in the graph throws. Waivers lie beside nix.conf, for nobody's folder is this process's own.
 */
export async function openBuildGate(
  { graph, wishes, destination }: Pick<RealiseRequest, "graph" | "wishes" | "destination">,
  { mode, env, say }: GateOptions,
): Promise<OutputGate | undefined> {
  if (mode === "off") return undefined;
  const { auditBuild } = await import("#audit/gate/build-audit.ts");
  const { before, gate } = await auditBuild({
    storeDir: destination.store.storeDir,
    graph,
    roots: wishes.map(({ drvPath }) => drvPath),
    refuses: mode === "fail",
    waivers: await waiversBeside(confFiles(env)),
  });
  const open = before.findings.filter(({ waived }) => waived === undefined);
  if (open.length === 0) return gate;
  const { auditText } = await import("#cli/audit/audit-text.ts");
  const { styleFor } = await import("#cli/style.ts");
  say(auditText({ ...before, findings: open }, { style: styleFor(false), columns: undefined, all: false }));
  const fault = open.find(({ severity }) => severity === "error");
  if (mode === "fail" && fault)
    throw new ElsewhereError("WRONG_PLATFORM", `Cannot build what cannot run: ${fault.message}`, {
      hint: `Change it, or waive it in '${WAIVERS}' beside nix.conf`,
    });
  return gate;
}

async function waiversBeside(files: readonly string[]): Promise<Waiver[]> {
  const there = files.map((file) => join(dirname(file), WAIVERS)).filter((file) => existsSync(file));
  if (there.length === 0) return [];
  const { readWaivers } = await import("#cli/audit/waiver-file.ts");
  return there.flatMap((file) => readWaivers(file));
}

const WAIVERS = "elsewhere-audit.toml";
