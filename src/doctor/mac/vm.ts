import { ABSENT, type Check, seen } from "../check.ts";
import type { ClientCase } from "../client/client-case.ts";
import { cure } from "../cure.ts";

/** Linux builders in a virtual machine on this Mac, known by their ports. */
export const vm: Check<ClientCase> = {
  link: "virtual machine",
  look: async ({ outside, machines }) => {
    if (outside.platform !== "darwin") return ABSENT;
    const named = machines.flatMap(({ machine }) =>
      machine ? VMS.filter(({ host }) => machine.uri.includes(host)) : [],
    );
    if (named.length === 0) return ABSENT;
    const dialled = await Promise.all(
      named.map(async (one) => ({ ...one, answer: await outside.network.dial("127.0.0.1", one.port) })),
    );
    return seen(
      dialled
        .map(({ host, answer }) => `${host} ${answer.kind === "open" ? "runs" : "does not run"}`)
        .join(", "),
      dialled
        .filter(({ answer }) => answer.kind !== "open")
        .map(({ host, port, service }) => ({
          code: "VM_DOWN" as const,
          severity: "fault" as const,
          seen: `Nothing listens on port ${port}, where the virtual machine '${host}' should be`,
          why: "Linux builds of this Mac go into it",
          cure: cure(
            "Start it; where it stops again, its disk or memory is often full",
            `sudo launchctl kickstart -k system/${service}`,
            `log show --last 5m --predicate 'process == "qemu-system-aarch64"'`,
          ),
        })),
    );
  },
};

/** Sources: nix-darwin `nix.linux-builder`, nix-rosetta-builder, virby. */
const VMS = [
  { host: "linux-builder", port: 31022, service: "org.nixos.linux-builder" },
  { host: "rosetta-builder", port: 31122, service: "org.nixos.rosetta-builderd" },
  { host: "virby", port: 31222, service: "org.nixos.virbyd" },
] as const;
