import { Argument, Command, Option } from "commander";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";

interface Flags {
  readonly start?: string;
  readonly stay?: string;
}

/** `elsewhere hook`: Nix's build hook. With a verbosity, bin/elsewhere never comes here: bin/elsewhere-hook does it. */
export function command(context: CommandContext): Command {
  return new Command("hook")
    .description(
      "Nix's build hook: an unchanged nix build sends its builds through Elsewhere. Nix starts it for each build; it hands " +
        "the build to a resident process of the same user, which keeps connections to the builders and ends when it is idle.",
    )
    .addArgument(new Argument("[verbosity]", "what Nix calls it with"))
    .addOption(new Option("--start <home>").hideHelp())
    .addOption(new Option("--stay <home>").hideHelp())
    .addHelpText("after", HELP)
    .action(async (_verbosity: string | undefined, { start, stay }: Flags) => {
      const home = stay ?? start;
      if (home === undefined)
        throw new UsageError(
          "Nothing says what to do: Nix calls its hook with a verbosity",
          "Put 'build-hook = …/bin/elsewhere-hook' into nix.conf, or see 'elsewhere hook --help'",
        );
      await context.services.hook({ kind: stay === undefined ? "start" : "stay", home }, context.signal);
    });
}

const HELP = `
In /etc/nix/nix.conf, for Nix 2.34 and later, and for releases as old as 2.8:
  build-hook = /opt/elsewhere/bin/elsewhere-hook

Releases between them (2.26 is one) take no notice of that line, and hear of it where the daemon is started:
  [Service]
  Environment="NIX_CONFIG=build-hook = /opt/elsewhere/bin/elsewhere-hook"
which is what 'systemctl edit nix-daemon' is for. For one command, by a user whom the daemon trusts, with every release:
  nix build --option build-hook /opt/elsewhere/bin/elsewhere-hook .#hello
Nix 2.8 takes the whole value for one file, so the hook is a program of its own; elsewhere with the word hook after it
does as well where that is not so. Lix has another protocol since 2.94: use 'elsewhere daemon' with it.

The builders are those of Nix's own setting 'builders'. Where one of them could take a build and has no free slot, the build
waits in the resident process and begins the moment that a slot is free; Nix itself would look again every five seconds.

What comes back is audited, as the setting 'audit' in nix.conf says (off, warn or fail). Nix has no such setting and remarks
on it; waivers are in a file elsewhere-audit.toml beside nix.conf.

The resident process keeps a folder that no other user can enter, $XDG_RUNTIME_DIR/elsewhere, else
~/.local/state/elsewhere/run, or what ELSEWHERE_RUNTIME_DIR says. It ends after ten minutes with nothing to do, or after
ELSEWHERE_HOOK_IDLE_S seconds, and gives way to a newer program. What it has to say is in the file 'log' there.
`;
