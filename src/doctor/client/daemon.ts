import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { ClientCase } from "./client-case.ts";
import { askDaemon, type DaemonAnswer } from "./daemon-answer.ts";

/** The Nix daemon of this machine: it is the one that offloads what `nix build` asks for. */
export const daemon: Check<ClientCase> = {
  link: "daemon",
  needs: ["nix.conf"],
  look: async (client) => {
    const { daemon, outside } = client;
    if (!daemon.isUsed) return ABSENT;
    const answer = await askDaemon(client);
    if (answer.fault !== undefined)
      return found("does not answer", {
        code: "DAEMON_DOWN",
        severity: "fault",
        seen: `Nobody answers on ${daemon.socket}: ${answer.fault}`,
        why: "Whoever may not write the store himself builds, and offloads, through it",
        cure:
          outside.platform === "darwin"
            ? cure("Start it", "sudo launchctl kickstart -k system/org.nixos.nix-daemon")
            : cure(
                "Start it",
                "sudo systemctl enable --now nix-daemon.socket",
                "sudo systemctl restart nix-daemon",
              ),
      });
    return seen(
      `answers${answer.version ? `, Nix ${answer.version}` : ""}, ${answer.trusted ? "trusts you" : "does not trust you"}`,
      [dropped(client, answer), untried(client)],
    );
  },
};

/** What a user sets counts for the daemon only where it trusts the user. */
function dropped({ configuration, outside }: ClientCase, { trusted }: DaemonAnswer): Finding | undefined {
  if (trusted || outside.user.uid === 0) return undefined;
  const [system] = configuration.files;
  const own = configuration.lines.filter(
    ({ name, file }) => file !== system && RESTRICTED.has(name.replace(/^extra-/, "")),
  );
  if (own.length === 0) return undefined;
  const names = [...new Set(own.map(({ name }) => name))];
  return {
    code: "SETTINGS_DROPPED",
    severity: "fault",
    seen: `${own.map(({ name, file, line }) => `${name} (${file.startsWith("--") ? file : `${file}:${line}`})`).join(", ")} ${own.length === 1 ? "is" : "are"} set by ${outside.user.name}, whom the daemon does not trust`,
    why: `'nix build' drops ${names.join(", ")} without a word, unless it is given -v; 'elsewhere build' goes by ${names.length === 1 ? "it" : "them"}`,
    cure: cure(
      "Set it for everybody, or become trusted, which is as good as root; then restart the daemon",
      ...own.map(({ name, value }) => `${name} = ${value}`),
      `extra-trusted-users = ${outside.user.name}`,
    ),
  };
}

function untried({ outside, daemon, machines }: ClientCase): Finding | undefined {
  if (outside.user.uid === 0 || machines.length === 0) return undefined;
  return {
    code: "DAEMON_UNTRIED",
    severity: "note",
    seen: `All of this was tried as ${outside.user.name}; a daemon listens on ${daemon.socket}`,
    why: "For 'nix build' it is the daemon's user, root, who connects: with root's keys, known_hosts, ssh_config and no agent. That could not be tried",
    cure: cure("Try it as root", "sudo elsewhere doctor"),
  };
}

/** Settings that a daemon takes from trusted users only, and that decide where builds go. Source: Nix manual, "trusted-users". */
const RESTRICTED: ReadonlySet<string> = new Set([
  "builders",
  "build-hook",
  "builders-use-substitutes",
  "max-jobs",
  "substituters",
  "trusted-public-keys",
  "system-features",
  "extra-platforms",
]);
