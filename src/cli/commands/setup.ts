import { userInfo } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { clientPaths } from "#setup/plan/client-paths.ts";
import { planKeepDaemon } from "#setup/plan/keep-daemon.ts";
import { planUseHook } from "#setup/plan/use-hook.ts";
import { restartNix } from "#setup/restart-nix.ts";
import type { CommandContext } from "../command-context.ts";
import { collect } from "../option-values.ts";
import { type CarryOutFlags, carryOut } from "../setup/carry-out.ts";
import { serveHere } from "../setup/serve-here.ts";
import { listSetups, undoSetup } from "../setup/undo.ts";
import { useBuilder } from "../setup/use-builder.ts";

/** `elsewhere setup`: write what makes a client or a builder, and take it back. */
export function command(context: CommandContext): Command {
  const setup = new Command("setup")
    .description(
      "Set up builders: every file that changes is shown first, nothing is written before you agree, and all of " +
        "it can be taken back.",
    )
    .option("--undo", "take the last set-up back; the same as 'setup undo'")
    .option("-y, --yes", "do it without asking")
    .option("--dry-run", "show what would be done, and do nothing")
    .action(async (flags: { undo?: boolean; yes?: boolean; dryRun?: boolean }, self: Command) => {
      if (flags.undo) await undoSetup(context, undefined, flags);
      else self.help({ error: true });
    })
    .addHelpText("after", EXAMPLES);
  return setup
    .addCommand(builderCommand(context))
    .addCommand(serveCommand(context))
    .addCommand(hookCommand(context))
    .addCommand(daemonCommand(context))
    .addCommand(undoCommand(context))
    .addCommand(
      new Command("list")
        .description("show what was set up from here, and what of it stands")
        .option("--json", "as JSON")
        .action((flags: { json?: boolean }) => listSetups(context, flags)),
    );
}

function builderCommand(context: CommandContext): Command {
  return asking(
    new Command("builder")
      .description(
        "Use a machine as a builder: makes a key for it, pins its host key, lets the key in there for building and " +
          "nothing else, and writes the machines file and nix.conf; as root for the whole machine, else for yourself.",
      )
      .argument("<address>", "[USER@]HOST[:PORT], or ssh-ng://… or ssh://… with the same")
      .option("--systems <list>", "systems that it shall build for (default: what it says)", words)
      .option("--features <list>", "system features that it shall have (default: what it says)", words)
      .option("-j, --max-jobs <number>", "builds at once there (default: half its processors)", whole)
      .option("--speed-factor <number>", "its speed beside that of other builders", positive)
      .option("--store <folder>", "build with Elsewhere there, into this store, and not with its Nix")
      .option("--alias <name>", "call it that, in ssh's configuration and in the machines file")
      .option("--never-here", "never build on this machine: max-jobs = 0")
      .option("--host-key <fingerprint>", "its host key must be this one: SHA256:…")
      .option("--no-login", "do not log in there; it is told what to do by you"),
  )
    .addHelpText(
      "after",
      `
Examples:
  elsewhere setup builder me@box                           asks before it writes anything
  sudo elsewhere setup builder me@box --never-here         for every user, and for 'nix build'
  elsewhere setup builder box:2222 --systems x86_64-linux,i686-linux --features kvm,big-parallel
  elsewhere setup builder me@box --store /srv/elsewhere    a box with Elsewhere and no Nix`,
    )
    .action((address: string, _: unknown, self: Command) =>
      useBuilder(context, address, self.optsWithGlobals()),
    );
}

function serveCommand(context: CommandContext): Command {
  return asking(
    new Command("serve")
      .description(
        "Make this machine a builder: lets keys of clients in, for 'elsewhere serve' and nothing else, and prints the " +
          "line for their machines file.",
      )
      .option("--key <key>", "a client's public key, or the file that it is in; may be repeated", collect)
      .option("--user <name>", "the user who owns the store; made where there is none")
      .option("--store <folder>", "the store to build into"),
  )
    .addHelpText(
      "after",
      `
Examples:
  sudo elsewhere setup serve --user elsewhere --key 'ssh-ed25519 AAAA… me@laptop'
  elsewhere setup serve --key laptop.pub --store ~/store`,
    )
    .action((_: unknown, self: Command) => serveHere(context, self.optsWithGlobals()));
}

function hookCommand(context: CommandContext): Command {
  return asking(
    new Command("hook").description(
      "Send the builds of this machine's Nix through Elsewhere: its build hook, in nix.conf or, for versions that do not " +
        "read it there, where Nix's daemon starts.",
    ),
  ).action(async (_: unknown, self: Command) => {
    const { services, env } = context;
    const host = await services.setupHost();
    const { code, stdout } = await host.run(["nix", "--version"]);
    const plan = planUseHook(host, {
      hook: `${services.programPath()}-hook`,
      paths: clientPaths(host, env),
      nixVersion: code === 0 ? stdout.trim() : undefined,
      restart: await restartNix(host),
    });
    await carryOut(context, plan, self.optsWithGlobals());
  });
}

function daemonCommand(context: CommandContext): Command {
  return asking(
    new Command("daemon")
      .description(
        "Keep 'elsewhere daemon' running, by systemd or launchd: for the whole machine as root, else in your own " +
          "session. What goes through it is built on the builders.",
      )
      .option("--everyone", "as root: login shells go through it without being told (NIX_REMOTE)"),
  ).action(async (_: unknown, self: Command) => {
    const flags = self.optsWithGlobals<CarryOutFlags & { everyone?: boolean }>();
    const host = await context.services.setupHost();
    const facts = {
      program: context.services.programPath(),
      uid: userInfo().uid,
      everyone: flags.everyone ?? false,
    };
    await carryOut(context, planKeepDaemon(host, facts), flags);
  });
}

function undoCommand(context: CommandContext): Command {
  return asking(
    new Command("undo")
      .description("Take a set-up back. What others changed in the same files since stays.")
      .argument("[nr]", "which, by its number in 'setup list'; without one: the last", whole),
  ).action((id: number | undefined, _: unknown, self: Command) =>
    undoSetup(context, id, self.optsWithGlobals()),
  );
}

function asking(command: Command): Command {
  return command
    .option("-y, --yes", "do it without asking")
    .option("--dry-run", "show what would be done, and do nothing");
}

function words(value: string): readonly string[] {
  return value.split(",").filter((word) => word !== "");
}

function whole(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError("want a whole number.");
  return Number(value);
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError("want a number above 0.");
  return number;
}

const EXAMPLES = `
Examples:
  elsewhere setup builder me@box       use a machine as a builder
  elsewhere setup serve --key k.pub    make this machine one
  elsewhere setup list                 what was set up from here
  elsewhere setup --undo               take the last one back`;
