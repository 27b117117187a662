import { ABSENT, type Check, seen } from "../check.ts";
import type { ClientCase } from "../client/client-case.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { type LaunchdState, launchdState } from "./launchd.ts";

/** A Mac's services of Nix. */
export const services: Check<ClientCase> = {
  link: "launchd",
  look: async ({ outside, daemon }) => {
    if (outside.platform !== "darwin" || !daemon.isUsed) return ABSENT;
    const states = await Promise.all(
      SERVICES.map(async (name) => ({ name, state: await launchdState(outside, name) })),
    );
    const there = states.filter(({ state }) => state !== "absent");
    return seen(
      there.map(({ name, state }) => `${name} ${state}`).join(", ") || "no service of Nix",
      there.map(({ name, state }) => fault(name, state)),
    );
  },
};

function fault(name: string, state: LaunchdState): Finding | undefined {
  if (state !== "failed") return undefined;
  return {
    code: "SERVICE_DOWN",
    severity: "fault",
    seen: `launchd has ${name}, which ended with a failure and does not run`,
    why: "What it should do is not done: builds go through the daemon, Linux builds into the VM",
    cure: cure(
      "Start it anew and read its log",
      `sudo launchctl kickstart -k system/${name}`,
      `sudo launchctl print system/${name}`,
    ),
  };
}

/** Of the installers, of nix-darwin and of Determinate Nix. */
const SERVICES = [
  "org.nixos.nix-daemon",
  "systems.determinate.nix-daemon",
  "org.nixos.linux-builder",
] as const;
