import { ElsewhereError, messageOf } from "#base/errors.ts";
import { applyFix, type PreparedFix, prepareFix } from "#doctor/apply-fix.ts";
import type { PlacedFinding } from "#doctor/diagnose.ts";
import { askYesNo } from "../ask.ts";
import type { CommandContext } from "../command-context.ts";
import { showDiff } from "../show-diff.ts";
import { type Style, styleFor } from "../style.ts";
import type { DoctorFlags } from "./doctor-flags.ts";

/** Shows each fix and makes those that the person agrees to. Returns how many were made. */
export async function offerFixes(
  context: CommandContext,
  findings: readonly PlacedFinding[],
  flags: DoctorFlags,
): Promise<number> {
  const { terminal } = context;
  let mended = 0;
  for (const { finding } of findings) {
    if (!finding.fix) continue;
    try {
      if (await offer(context, prepareFix(finding.fix), flags)) mended++;
    } catch (error) {
      const hint = error instanceof ElsewhereError && error.hint ? `; ${error.hint}` : "";
      terminal.error(`not mended: ${messageOf(error)}${hint}\n`);
    }
  }
  if (findings.every(({ finding }) => !finding.fix))
    terminal.error("there is nothing that --fix could mend\n");
  return mended;
}

async function offer(
  { terminal, signal }: CommandContext,
  prepared: PreparedFix,
  flags: DoctorFlags,
): Promise<boolean> {
  const { fix } = prepared;
  terminal.error(`\n${changeText(prepared, styleFor(terminal.colours.error))}\n`);
  const agreed = flags.yes ? true : await askYesNo(`${fix.why}?`, signal);
  if (agreed === undefined) terminal.error("nobody can be asked here; --yes does it without\n");
  if (!agreed) return false;
  const backup = applyFix(prepared, Date.now());
  terminal.error(`${fix.why}: done${backup ? `; what was there is kept in ${backup}` : ""}\n`);
  return true;
}

function changeText({ fix, before, after }: PreparedFix, style: Style): string {
  if (fix.kind === "chmod") return `chmod ${fix.mode.toString(8)} ${fix.file}`;
  return showDiff({ path: fix.file, before, after }, style).trimEnd();
}
