import { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import type { DoctorFlags } from "../doctor/doctor-flags.ts";
import { collect } from "../option-values.ts";
import { addSettingFlags } from "../setting-flags.ts";

/** `elsewhere doctor`: proves that offloading works, or says which link is broken and what to type. */
export function command(context: CommandContext): Command {
  return addSettingFlags(new Command("doctor"))
    .description(
      "Look at the whole chain, from nix.conf and the machines file to each builder, and prove it by a build on each, " +
        "for every system that it claims, whose output comes home. What is broken is told with what to type.",
    )
    .option("--builder <name>", "look at this builder only; may be repeated", collect)
    .option("--builders <machines>", "instead of the 'builders' setting")
    .option("--fix", "mend what can be mended safely: each change is shown, and made when you agree")
    .option("-y, --yes", "with --fix: do not ask")
    .option(
      "--explain [message]",
      "explain a message of Nix, ssh or a build instead; without one, what is piped in",
    )
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
Examples:
  elsewhere doctor
  sudo elsewhere doctor                      as the Nix daemon connects
  elsewhere doctor --builder box --fix
  elsewhere doctor --explain "error: serialised integer 7161674624452356180 is too large for type 'j'"
  nix build .#x 2>&1 | elsewhere doctor --explain

Exit code 0: all is proven. 1: there are faults. 2: something could not be looked at.
With --explain, 1: nothing in the message is known.`,
    )
    .action((flags: DoctorFlags) => run(context, flags));
}

async function run(context: CommandContext, flags: DoctorFlags): Promise<void> {
  if (flags.explain !== undefined)
    return await (await import("../doctor/explain-message.ts")).explainMessage(context, flags);
  await (await import("../doctor/examine-chain.ts")).examineChain(context, flags);
}
