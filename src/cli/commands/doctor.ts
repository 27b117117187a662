import { Command } from "commander";
import { explain } from "#doctor/explain.ts";
import type { CommandContext } from "../command-context.ts";
import { explanationText, unknownText } from "../doctor/explanation-text.ts";
import { UsageError } from "../error-report.ts";
import { readInput } from "../read-input.ts";

/** `elsewhere doctor`: proves that offloading works, or says which link is broken and what to type. */
export function command(context: CommandContext): Command {
  return new Command("doctor")
    .description("Explain a message that Nix, ssh or a build gave: its cause and its cure.")
    .argument("[message]", "the message to explain; without it, what is piped in")
    .option("--explain", "explain a message")
    .option("--json", "as JSON")
    .action((message: string | undefined, flags: Flags) => explainMessage(context, message, flags));
}

interface Flags {
  readonly explain?: boolean;
  readonly json?: boolean;
}

async function explainMessage(
  context: CommandContext,
  message: string | undefined,
  flags: Flags,
): Promise<void> {
  const { terminal } = context;
  const text = message ?? (await pipedText());
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
