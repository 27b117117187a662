import { Command } from "commander";
import { ElsewhereError } from "#base/errors.ts";
import type { BuildFlags } from "../build/build-flags.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { explainLive } from "../explain/live.ts";
import { explainPast } from "../explain/past.ts";
import { withAttempts } from "../history/past-build.ts";
import { wholeNumber } from "../option-values.ts";
import { addBuildFlags, addSettingFlags } from "../setting-flags.ts";

/** `elsewhere explain`: why a derivation would be built where, or why a build was. */
export function command(context: CommandContext): Command {
  const explain = new Command("explain")
    .description(
      "Ask every builder now whether it could build a derivation, and say yes or no, the reason, and what its score is made " +
        "of: the smallest wins. Of a past build, say what was weighed at that moment.",
    )
    .argument("[installable...]", "a derivation, what it is evaluated from, or one of its outputs")
    .option(
      "--build <number>",
      "explain this past build instead; 'elsewhere history' has the numbers",
      wholeNumber,
    )
    .option("-f, --file <file>", "evaluate attributes of this file")
    .option("-E, --expr <expression>", "evaluate attributes of this expression")
    .option("--json", "as JSON");
  return addBuildFlags(addSettingFlags(explain))
    .addHelpText(
      "after",
      `
Examples:
  elsewhere explain .#hello
  elsewhere explain ./result
  elsewhere explain /nix/store/…-x.drv --builders 'ssh-ng://me@box x86_64-linux - 8 1 kvm'
  elsewhere explain --build 123             why it went where it went

Exit code 1: no builder could take it now.`,
    )
    .action((words: string[], flags: Flags) => run(context, words, flags));
}

interface Flags extends BuildFlags {
  readonly build?: number;
}

async function run(context: CommandContext, words: readonly string[], flags: Flags): Promise<void> {
  await using ledger = await context.services.ledger();
  if (flags.build === undefined) return await explainLive(context, { words, flags, ledger });
  if (words.length > 0)
    throw new UsageError("Cannot explain a past build and something else at once", "leave out one of them");
  const builds = await ledger.builds({ number: flags.build, limit: 1 });
  const [past] = await withAttempts(ledger, builds);
  if (!past)
    throw new ElsewhereError("NO_BUILD", `Cannot find build ${flags.build}`, {
      hint: "'elsewhere history' lists what was built from here",
    });
  await explainPast(context, past, { json: flags.json === true });
}
