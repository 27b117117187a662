import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { quoteShellWord } from "#transport/shell-words.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Why ssh does not accept the host's key, from its own words and the keys that the host shows. */
export async function hostKeyFault(builder: BuilderCase, said: string): Promise<Finding> {
  const ssh = builder.route.ssh!;
  const keys = await ssh.scanHostKeys();
  const shown =
    keys.map((key) => `${fingerprintOf(key)} (${key.split(" ")[0]})`).join(", ") || "none that could be read";
  const best = keys.find((key) => key.startsWith("ssh-ed25519 ")) ?? keys[0];
  const { file, line } = builder.machine.source;
  if (ssh.settings.publicHostKey !== undefined)
    return {
      code: "HOST_KEY_PINNED",
      severity: "fault",
      seen: `The host shows ${shown}; ${file}:${line} allows only ${fingerprintOf(Buffer.from(ssh.settings.publicHostKey, "base64").toString("latin1"))}`,
      why: "The line's last field, or base64-ssh-public-host-key, is the only key that is accepted. The machine was set up anew, or it is another one",
      cure: cure(
        "Compare the fingerprint on the machine's own console; if it is right, write the key into the line",
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        ...(best ? [Buffer.from(best).toString("base64")] : []),
      ),
    };
  const names = await knownHostsName(builder);
  const knownHosts = await knownHostsFile(builder);
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said))
    return {
      code: "HOST_KEY_CHANGED",
      severity: "fault",
      seen: `The host shows ${shown}, and ${knownHosts} has another key for ${names}`,
      why: "The machine was set up anew, another one has its address or port now, or somebody is in between",
      cure: cure(
        "Compare the fingerprint on the machine's own console; if it is right, forget the old key and accept the new one",
        "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        `ssh-keygen -R ${quoteShellWord(names)} -f ${quoteShellWord(knownHosts)}`,
      ),
    };
  return {
    code: "HOST_KEY_UNKNOWN",
    severity: "fault",
    seen: `${knownHosts} has no key of ${names}, which shows ${shown}`,
    why: `ssh, as ${builder.outside.user.name}, accepts no host that it does not know, and nobody can be asked in the middle of a build`,
    cure: cure(
      "Compare the fingerprint on the machine's own console, and add the key",
      ...(best ? [`echo ${quoteShellWord(`${names} ${best}`)} >> ${quoteShellWord(knownHosts)}`] : []),
    ),
    ...(best && {
      fix: {
        kind: "edit",
        why: `accept the host key ${fingerprintOf(best)} of ${names}`,
        file: knownHosts,
        after: `${names} ${best}`,
      },
    }),
  };
}

/** As ssh prints it: `SHA256:…`. */
function fingerprintOf(key: string): string {
  const blob = Buffer.from(key.trim().split(/\s+/)[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** What the host is called in known_hosts. Source: ssh_config(5), "HostKeyAlias". */
async function knownHostsName(builder: BuilderCase): Promise<string> {
  const configuration = await builder.route.ssh!.configuration();
  const alias = configuration.get("hostkeyalias");
  if (alias !== undefined && alias !== "none") return alias;
  const { host, port } = (await builder.address()) ?? builder.route.ssh!.settings;
  return port === undefined || port === 22 ? host : `[${host}]:${port}`;
}

async function knownHostsFile(builder: BuilderCase): Promise<string> {
  const configuration = await builder.route.ssh!.configuration();
  const [first = "~/.ssh/known_hosts"] = (configuration.get("userknownhostsfile") ?? "")
    .split(" ")
    .filter(Boolean);
  return first.replace(/^~(?=\/)/, builder.outside.env.HOME ?? "~");
}
