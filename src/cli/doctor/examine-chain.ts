import { type Diagnosis, exitCodeOf, findingsOf } from "#doctor/diagnose.ts";
import type { CommandContext } from "../command-context.ts";
import { overridesOf } from "../setting-flags.ts";
import { storeUri } from "../store-uri.ts";
import { diagnosisText } from "./diagnosis-text.ts";
import type { DoctorFlags } from "./doctor-flags.ts";
import { offerFixes } from "./offer-fixes.ts";

/** `elsewhere doctor`: looks, shows, and mends what it is let mend. */
export async function examineChain(context: CommandContext, flags: DoctorFlags): Promise<void> {
  const { services, terminal, signal } = context;
  const look = () =>
    services.examine(
      { overrides: overridesOf(flags), store: storeUri(flags.store), builders: flags.builder ?? [] },
      signal,
    );
  const diagnosis = await look();
  context.exitWith(exitCodeOf(diagnosis));
  if (!flags.json) await terminal.print(diagnosisText(diagnosis, terminal));
  const mended = flags.fix ? await offerFixes(context, findingsOf(diagnosis), flags) : 0;
  if (flags.json) return await terminal.print(`${JSON.stringify(toJson(diagnosis, mended))}\n`);
  if (mended === 0) return;
  terminal.error(`\n${mended} mended; looking again\n\n`);
  const after = await look();
  context.exitWith(exitCodeOf(after));
  await terminal.print(diagnosisText(after, terminal));
}

function toJson(diagnosis: Diagnosis, mended: number): object {
  const exitCode = exitCodeOf(diagnosis);
  const findings = findingsOf(diagnosis).map(({ builder, link, finding }) => ({ builder, link, ...finding }));
  return { ok: exitCode === 0, exitCode, mended, findings, ...diagnosis };
}
