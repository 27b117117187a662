import { TransportError } from "#transport/transport-error.ts";
import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";
import { sshFault } from "./ssh-fault.ts";

/** Whether the builder's name is known. */
export const name: Check<BuilderCase> = {
  link: "name",
  look: async (builder) => {
    const { route, outside, machine } = builder;
    if (!route.ssh) return ABSENT;
    const broken = await whyBroken(builder);
    if (broken) return found("ssh does not start", broken);
    const address = await builder.address();
    if (!address) return seen("reached through another host, as ssh_config says");
    const addresses = await outside.network.resolve(address.host);
    const alias =
      route.ssh.settings.host === address.host ? "" : ` (${route.ssh.settings.host} in ssh_config)`;
    if (addresses.length > 0) {
      const said = addresses.includes(address.host) ? address.host : `${address.host} is ${addresses[0]}`;
      return seen(`${said}${alias}`);
    }
    const { file, line } = machine.source;
    return found("is not known", {
      code: "NAME_UNKNOWN",
      severity: "fault",
      seen: `Nobody knows the name ${address.host}${alias}, which ${file}:${line} means`,
      why: "ssh cannot go there; Nix tries it anew for each command",
      cure: cure(
        "Correct the name, say in ssh_config what it stands for, or, if the machine is gone, take its line out",
        `getent hosts ${address.host}`,
        `Host ${route.ssh.settings.host}`,
        "  HostName ADDRESS",
        ...(file.startsWith("/") ? [`sed -i '${line}d' ${file}`] : []),
      ),
    });
  },
};

/** Before ssh goes anywhere it reads its configuration. */
async function whyBroken({ route }: BuilderCase): Promise<Finding | undefined> {
  try {
    await route.ssh!.configuration();
    return undefined;
  } catch (error) {
    if (error instanceof TransportError) return sshFault(error, route.ssh!.settings.host);
    throw error;
  }
}
