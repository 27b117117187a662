import type { Change, SetupPlan } from "../change.ts";
import { changeFile } from "../file-change.ts";
import type { SetupHost } from "../host.ts";
import { formatLaunchdUnit, formatSystemdUnit, type ServiceUnit } from "../service-unit.ts";

export interface KeepDaemonFacts {
  /** Absolute path of the program. */
  readonly program: string;
  /** This user's number. */
  readonly uid: number;
  /** Every login shell goes through the door, not only who says so. */
  readonly everyone: boolean;
}

/** Everything that keeps the daemon door open: for the whole machine as root, else in this user's own session. */
export function planKeepDaemon(host: SetupHost, facts: KeepDaemonFacts): SetupPlan {
  const socket = socketOf(host, facts.uid);
  const unit: ServiceUnit = {
    label: "org.elsewhere.daemon",
    description: "Elsewhere: a Nix daemon that builds on other machines",
    command: [facts.program, "daemon", "--socket", socket],
    logFile: host.isRoot ? "/var/log/elsewhere.log" : `${host.home}/Library/Logs/elsewhere.log`,
  };
  const kept = host.platform === "darwin" ? launchd(host, unit, facts.uid) : systemd(host, unit);
  const profile =
    facts.everyone && host.isRoot
      ? changeFile(host, "/etc/profile.d/elsewhere.sh", {
          edit: () => `export NIX_REMOTE=unix://${socket}\n`,
        })
      : undefined;
  return {
    title: "keep the daemon door open",
    changes: [...kept.changes, ...(profile ? [profile] : [])],
    notes: [
      ...kept.notes,
      profile
        ? "shells that log in from now on go through it"
        : `to go through it: NIX_REMOTE=unix://${socket} nix build …`,
    ],
  };
}

/** Where it listens, said in the unit since launchd tells a program of no folder for sockets. */
function socketOf({ platform, isRoot, home }: SetupHost, uid: number): string {
  if (platform === "darwin")
    return isRoot ? "/var/run/elsewhere/socket" : `${home}/.local/state/elsewhere/socket`;
  return isRoot ? "/run/elsewhere/socket" : `/run/user/${uid}/elsewhere/socket`;
}

interface Kept {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

function systemd(host: SetupHost, unit: ServiceUnit): Kept {
  const name = "elsewhere-daemon.service";
  const user = !host.isRoot;
  const file = changeFile(
    host,
    user ? `${host.home}/.config/systemd/user/${name}` : `/etc/systemd/system/${name}`,
    { edit: () => formatSystemdUnit(unit, { user }) },
  );
  const control = ["systemctl", ...(user ? ["--user"] : [])] as const;
  if (!host.hasSystemd)
    return {
      changes: file ? [file] : [],
      notes: ["systemd does not run here: nothing starts the daemon until it does"],
    };
  const start: Change = {
    kind: "command",
    run: ["sh", "-c", `${control.join(" ")} daemon-reload && ${control.join(" ")} enable --now ${name}`],
    undo: [...control, "disable", "--now", name],
    why: "start it, now and at every boot",
  };
  return { changes: file ? [file, start] : [], notes: [] };
}

function launchd(host: SetupHost, unit: ServiceUnit, uid: number): Kept {
  const folder = host.isRoot ? "/Library/LaunchDaemons" : `${host.home}/Library/LaunchAgents`;
  const path = `${folder}/${unit.label}.plist`;
  const file = changeFile(host, path, { edit: () => formatLaunchdUnit(unit) });
  const domain = host.isRoot ? "system" : `gui/${uid}`;
  const start: Change = {
    kind: "command",
    run: ["launchctl", "bootstrap", domain, path],
    undo: ["launchctl", "bootout", `${domain}/${unit.label}`],
    why: `start it, now and at every ${host.isRoot ? "boot" : "login"}`,
  };
  return { changes: file ? [file, start] : [], notes: [] };
}
