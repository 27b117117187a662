import { explain } from "#doctor/explain.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { readInput } from "../read-input.ts";
import type { DoctorFlags } from "./doctor-flags.ts";
import { explanationText, unknownText } from "./explanation-text.ts";

/** `elsewhere doctor --explain`. */
export async function explainMessage(context: CommandContext, flags: DoctorFlags): Promise<void> {
  const { terminal } = context;
  const text = typeof flags.explain === "string" ? flags.explain : await pipedText();
  const found = explain(text);
  if (found.length === 0) context.exitWith(1);
  if (flags.json) return await terminal.print(`${JSON.stringify(found)}\n`);
  if (found.length === 0) return terminal.error(unknownText());
  await terminal.print(explanationText(found, terminal));
}

async function pipedText(): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError(
      "Cannot explain nothing",
      "give the message, or pipe it in: nix build … 2>&1 | elsewhere doctor --explain",
    );
  return (await readInput("-")).toString();
}
