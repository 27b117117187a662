import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { isLocalNetwork } from "../mac/local-network.ts";
import type { Dialled } from "../outside.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether an sshd listens there, and how far away it is. */
export const port: Check<BuilderCase> = {
  link: "port",
  needs: ["name"],
  look: async (builder) => {
    if (!builder.route.ssh) return ABSENT;
    const address = await builder.address();
    if (!address) return ABSENT;
    const dialled = await builder.dialled();
    const place = `${address.host} port ${address.port}`;
    if (dialled.kind !== "open") return found(dialled.message, await fault(builder, place, dialled));
    if (dialled.greeting !== undefined && !dialled.greeting.startsWith("SSH-"))
      return found("no sshd", {
        code: "PORT_NOT_SSH",
        severity: "fault",
        seen: `What listens on ${place} is no sshd: it says '${dialled.greeting.slice(0, 60)}'`,
        why: "ssh waits for an sshd's greeting and gives up",
        cure: cure("Name sshd's port, in ssh_config or in the URI", "Host ALIAS", "  Port PORT"),
      });
    return seen(`${address.port} open, connected in ${Math.max(1, Math.round(dialled.tookMs))} ms`);
  },
};

async function fault(
  { outside, machine }: BuilderCase,
  place: string,
  { kind, message }: Exclude<Dialled, { kind: "open" }>,
): Promise<Finding> {
  const host = place.split(" ", 1)[0]!;
  const line = `${machine.source.file}:${machine.source.line}`;
  if (kind === "refused")
    return {
      code: "PORT_REFUSED",
      severity: "fault",
      seen: `${place} refuses connections`,
      why: "The machine is there, and no sshd listens on that port: it is not running, or listens elsewhere",
      cure: cure(
        "Start sshd there, or name its port in ssh_config",
        "sudo systemctl enable --now ssh",
        `Host ${host}`,
        "  Port PORT",
      ),
    };
  if (kind === "timeout")
    return {
      code: "PORT_TIMEOUT",
      severity: "fault",
      seen: `${place} does not answer: ${message}`,
      why: "The machine is off or asleep, its address has changed, or a firewall drops what comes. Each 'nix build' waits for it for minutes",
      cure: cure(
        `Wake it, or take its line (${line}) out for now; and let ssh give up sooner`,
        `ping -c 1 ${host}`,
        `Host ${host}`,
        "  ConnectTimeout 5",
      ),
    };
  const [address = host] = await outside.network.resolve(host);
  if (outside.platform === "darwin" && isLocalNetwork(address))
    return {
      code: "LOCAL_NETWORK_PRIVACY",
      severity: "fault",
      seen: `There is no way to ${place}, which is in the local network: ${message}`,
      why: "macOS 15 and later let no program into the local network that was not allowed to; a daemon cannot ask",
      cure: cure(
        "Allow it under System Settings, Privacy & Security, Local Network, and start the daemon anew",
        "sudo launchctl kickstart -k system/org.nixos.nix-daemon",
      ),
    };
  return {
    code: "PORT_UNREACHABLE",
    severity: "fault",
    seen: `There is no way to ${place}: ${message}`,
    why: "This machine has no route to it: a VPN is down, or a cable is out",
    cure: cure("Look at the route, and bring the network up", `ip route get ${address}`),
  };
}
