import { Command, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { asPair, octal } from "../option-values.ts";

interface Flags {
  readonly socket?: string;
  readonly socketMode: number;
  readonly store?: string;
  readonly builders?: string;
  readonly option: readonly (readonly [string, string])[];
}

/** `elsewhere daemon`: a Nix daemon in front of the real one, which takes the builds. */
export function command(context: CommandContext): Command {
  return new Command("daemon")
    .description(
      "Listen as a Nix daemon in front of the real one. Whatever clients ask of the store goes through to it; what " +
        "they want built is seen as a whole, and built on whichever of the builders can. Outputs and logs end in the real store.",
    )
    .option(
      "--socket <path>",
      "where to listen (default: $XDG_RUNTIME_DIR/elsewhere/socket; root: /run/elsewhere/socket)",
    )
    .addOption(
      new Option("--socket-mode <mode>", "who may connect, as for chmod")
        .default(0o666, "666")
        .argParser(octal),
    )
    .option("--store <uri>", "the real store (default: the daemon of this machine where there is one)")
    .option("--builders <machines>", "machines to build on, as in nix.conf")
    .option("--option <name=value>", "override a setting of nix.conf", asPair, [])
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      const builders = flags.builders === undefined ? [] : [["builders", flags.builders] as const];
      const exitCode = await context.services.serve(
        {
          door: { kind: "socket", path: flags.socket, mode: flags.socketMode },
          store: flags.store,
          builds: "offloaded",
          trust: undefined,
          processOps: true,
          overrides: [...flags.option, ...builders],
        },
        context.signal,
      );
      context.exitWith(exitCode);
    });
}

const HELP = `
Examples:
  sudo elsewhere daemon                                     in front of this machine's Nix daemon
  NIX_REMOTE=unix:///run/elsewhere/socket nix build .#hello   through it, with any Nix, and with Lix

  export NIX_REMOTE=unix:///run/elsewhere/socket            for all that this shell starts

It is to run as root, or as another user whom the real daemon trusts: results come from builders and bear no signature of
theirs. Its own clients are trusted as Nix trusts them: root, and nix.conf's trusted-users. Others may build, but not choose
builders or stores. Their users are looked up with the help of perl or python3.

What clients set is honoured as Nix does it: -j (how many builds may run on this machine), --cores, --keep-going,
--max-silent-time, --timeout, and for those who are trusted --builders and --option.

What is asked for is audited before it is built, and what comes back: --option audit=fail refuses what is for the wrong
platform, audit=off does not look. Waivers are in a file elsewhere-audit.toml beside nix.conf.
`;
