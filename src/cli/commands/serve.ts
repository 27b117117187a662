import { Command, Option } from "commander";
import { parseAskedPush } from "#serve/asked-push.ts";
import { type AskedService, isPlainFolder, parseAskedService } from "#serve/forced-command.ts";
import type { Door, ServiceRequest } from "#serve/service-request.ts";
import type { CommandContext } from "../command-context.ts";
import { UsageError } from "../error-report.ts";
import { asPair, octal } from "../option-values.ts";
import { type SandboxWish, sandboxOption, sandboxOverrides } from "../sandbox-option.ts";
import { servePush } from "../serve-push.ts";

interface Flags {
  readonly stdio?: true;
  readonly serve?: true;
  readonly write?: true;
  readonly socket?: string | true;
  readonly socketMode: number;
  readonly store?: string;
  readonly forceTrusted?: true;
  readonly forceUntrusted?: true;
  readonly anyStore?: true;
  readonly allowPush: readonly string[];
  readonly processOps?: true;
  readonly sandbox?: SandboxWish;
  readonly option: readonly (readonly [string, string])[];
}

/** `elsewhere serve`: a builder or a store for Nix and for Elsewhere. */
export function command(context: CommandContext): Command {
  return new Command("serve")
    .description("Be a builder or a store for Nix and for Elsewhere. No Nix need be installed here.")
    .option("--stdio", "speak the worker protocol on standard input and output, as 'nix-daemon --stdio' does")
    .option("--serve", "speak the serve protocol on standard input and output, as 'nix-store --serve' does")
    .option("--write", "with --serve: let clients add and build paths")
    .option("--socket [path]", "listen on a unix socket; without a path, where Nix's daemon listens")
    .addOption(
      new Option("--socket-mode <mode>", "who may connect, as for chmod")
        .default(0o666, "666")
        .argParser(octal),
    )
    .option("--store <uri>", "the store to serve: a folder, local?root=…, daemon, or ssh-ng://… as a relay")
    .addOption(new Option("--force-trusted", "trust every client").conflicts("forceUntrusted"))
    .option("--force-untrusted", "trust no client")
    .option("--any-store", "as a forced command: let the client choose the store (its remote-store)")
    .option(
      "--allow-push <uri>",
      "as a forced command: let clients have paths sent from here straight to this store; may be repeated",
      (uri: string, before: readonly string[]) => [...before, uri],
      [],
    )
    .option("--process-ops", "carry operations out here, also where a daemon could be given them")
    .addOption(sandboxOption())
    .option("--option <name=value>", "override a setting of nix.conf", asPair, [])
    .addOption(new Option("--daemon").hideHelp())
    .addOption(new Option("-v, --verbose").hideHelp())
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      const push = parseAskedPush(context.env.SSH_ORIGINAL_COMMAND ?? "");
      if (push) {
        checkAllowed(push.store, flags);
        const store = push.store ?? flags.store;
        return await servePush(context, push, { allowed: flags.allowPush, overrides: flags.option, store });
      }
      context.exitWith(await context.services.serve(requestOf(flags, context), context.signal));
    });
}

function requestOf(flags: Flags, { env }: CommandContext): ServiceRequest {
  const asked = env.SSH_ORIGINAL_COMMAND ? parseAskedService(env.SSH_ORIGINAL_COMMAND) : undefined;
  if (asked) checkAllowed(asked.store, flags);
  return {
    door: asked ? doorAskedFor(asked, flags) : doorOf(flags, env),
    store: asked?.store ?? flags.store,
    builds: "in-store",
    trust:
      flags.forceUntrusted || asked?.untrusted ? "untrusted" : flags.forceTrusted ? "trusted" : undefined,
    processOps: flags.processOps ?? false,
    overrides: [...flags.option, ...sandboxOverrides(flags.sandbox)],
  };
}

/**
 * Under a forced command the client chooses how to speak. Which store, the key's line chooses; where it names none,
 * a client may name a folder of its own.
 */
function checkAllowed(store: string | undefined, flags: Flags): void {
  if (store === undefined || store === flags.store || flags.anyStore) return;
  if (flags.store === undefined && isPlainFolder(store)) return;
  throw new UsageError(
    `Cannot serve the store '${store}': this key is for ${flags.store ? `'${flags.store}'` : "this machine's own, or a plain folder"}`,
    "Leave remote-store out of the store's URI, or let the key's line say 'elsewhere serve --any-store'",
  );
}

function doorAskedFor({ protocol, write }: AskedService, flags: Flags): Door {
  if (protocol === "daemon") return { kind: "stdio" };
  return { kind: "serve", write: write && !(flags.serve && !flags.write) };
}

function doorOf(flags: Flags, env: CommandContext["env"]): Door {
  const doors = [flags.stdio, flags.serve, flags.socket].filter((door) => door !== undefined);
  if (doors.length > 1)
    throw new UsageError("--stdio, --serve and --socket exclude each other", "Choose one");
  if (flags.stdio) return { kind: "stdio" };
  if (flags.serve) return { kind: "serve", write: flags.write ?? false };
  if (flags.socket === undefined && !env.LISTEN_FDS)
    throw new UsageError("Nothing says how to serve", "Say --stdio, --serve --write or --socket [PATH]");
  const path = typeof flags.socket === "string" ? flags.socket : undefined;
  return { kind: "socket", path, mode: flags.socketMode };
}

const HELP = `
Examples:
  elsewhere serve --socket                     a daemon, where Nix's clients look for one
  elsewhere serve --stdio --store /srv/build   a store of its own below /srv/build
  elsewhere serve --stdio --store ssh-ng://b1  a relay to another builder

As a builder over ssh, with a key that can do nothing else (~/.ssh/authorized_keys):
  restrict,command="elsewhere serve" ssh-ed25519 AAAA… nix@laptop
Then ssh-ng://HOST and ssh://HOST work from every Nix. Without such a key, name the program instead:
  ssh-ng://HOST?remote-program=/path/to/elsewhere

Builders that reach each other need not send their outputs through the client. A shell account needs nothing for it; a
key that is only for serving names the stores that it may have paths sent to, exactly as the client's machines file
(or its peer-uri) names them. The sending uses this user's own keys:
  restrict,command="elsewhere serve --allow-push ssh-ng://nix@box2" ssh-ed25519 AAAA… nix@laptop

Who is trusted: root and nix.conf's trusted-users; on standard input also whoever owns the store. Over a socket, a
client's user is looked up with the help of perl or python3; a client whose user cannot be told is not trusted.
`;
