import { appendFileSync, writeFileSync } from "node:fs";
import type { Sshd } from "#rig/sshd.ts";

/** A machine that shall be known by a name of its own. */
export interface NamedHost {
  readonly name: string;
  readonly sshd: Sshd;
  /** Where it is reached: its own port, or that of something in between. */
  readonly port: number;
}

/** Adds to an ssh_config what whoever uses it needs to reach a machine by its name. */
export function introduce(configFile: string, { name, sshd, port }: NamedHost): void {
  const known = `${configFile}-${name}-host`;
  writeFileSync(known, `${name} ${Buffer.from(sshd.publicHostKey, "base64").toString()}\n`);
  const lines = [
    `Host ${name}`,
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    `  User ${sshd.user}`,
    `  HostKeyAlias ${name}`,
    `  IdentityFile ${sshd.keyFile}`,
    `  UserKnownHostsFile ${known}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "",
  ];
  appendFileSync(configFile, lines.join("\n"));
}
