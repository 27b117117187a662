import { messageOf } from "#base/errors.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import { TransportError } from "#transport/transport-error.ts";
import { ABSENT, type Check, found, type Look, seen, unseen } from "../check.ts";
import { cure } from "../cure.ts";
import type { BuilderCase } from "./builder-case.ts";
import { hostKeyFault } from "./host-key.ts";
import { sshFault } from "./ssh-fault.ts";

/** Whether ssh is let in: the host's key first, then ours. */
export const login: Check<BuilderCase> = {
  link: "login",
  needs: ["key", "port"],
  look: async (builder) => {
    const { ssh } = builder.route;
    if (!ssh) return ABSENT;
    try {
      const { error } = await builder.survey();
      // What the remote command comes to is the next links' matter.
      if (error instanceof TransportError && LOGIN_CODES.has(error.code))
        return await refused(builder, error);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      return await refused(builder, error);
    }
    const configuration = await ssh.configuration();
    const pinned = ssh.settings.publicHostKey === undefined ? "known" : "the pinned one";
    return seen(`as ${configuration.get("user") ?? ssh.settings.user ?? "you"}, host key ${pinned}`);
  },
};

async function refused(builder: BuilderCase, error: TransportError): Promise<Look> {
  const said = messageOf(error).replace(/^Cannot connect to [^:]*:\/\/\S*: /, "");
  const broken = sshFault(error, builder.route.ssh!.settings.host);
  if (broken) return found("ssh does not start", broken);
  switch (error.code) {
    case "TRANSPORT_HOST_KEY":
      return found("host key not accepted", await hostKeyFault(builder, said));
    case "TRANSPORT_AUTH":
      return await keyRefused(builder, said);
    case "TRANSPORT_RESOLVE":
    case "TRANSPORT_REFUSED":
    case "TRANSPORT_TIMEOUT":
    case "TRANSPORT_UNREACHABLE":
    case "TRANSPORT_LOST":
      return found("the connection broke off", {
        code: "LOGIN_LOST",
        severity: "fault",
        seen: said,
        why: "ssh got as far as the port and no farther: sshd there is overloaded, refuses this address, or a host in between is down",
        cure: cure(
          "See what ssh says, and look at sshd's log there",
          `ssh -v ${builder.route.ssh!.settings.host} true`,
          "sudo journalctl -u ssh -n 50",
        ),
      });
    default:
      return unseen(said);
  }
}

async function keyRefused({ route, outside, machine }: BuilderCase, said: string): Promise<Look> {
  const { settings } = route.ssh!;
  const configuration = await route.ssh!.configuration();
  const user = configuration.get("user") ?? settings.user ?? outside.user.name;
  const target = `${user}@${configuration.get("hostname") ?? settings.host}`;
  const key = settings.keyFile;
  const named = settings.user !== undefined;
  return found(`refused for ${user}`, {
    code: "LOGIN_REFUSED",
    severity: "fault",
    seen: `${target} lets in none of the keys that ${outside.user.name} has here${key ? `, ${key} among them` : ", and the line names none"}: ${said.split("\n").at(-1)}`,
    why: named
      ? "Either its authorized_keys does not have the key's public half, or another key is meant"
      : `The line names no user, so ssh logs in as ${user}; that may not be who knows the key`,
    cure: cure(
      `Let ${user} there know the key, or name the right user and key in ${machine.source.file}:${machine.source.line}`,
      `ssh-copy-id -i ${quoteShellWord(`${key ?? "KEY"}.pub`)} ${target}`,
      `ssh-ng://USER@${settings.host} ${machine.systems.join(",")} /path/to/key`,
    ),
  });
}

/** Those that say that ssh was not let in, and not what the command there did. */
const LOGIN_CODES: ReadonlySet<string> = new Set([
  "TRANSPORT_HOST_KEY",
  "TRANSPORT_AUTH",
  "TRANSPORT_CONFIG",
  "TRANSPORT_PROGRAM_MISSING",
  "TRANSPORT_RESOLVE",
  "TRANSPORT_REFUSED",
  "TRANSPORT_TIMEOUT",
  "TRANSPORT_UNREACHABLE",
]);
