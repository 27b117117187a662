import { ABSENT, type Check, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { ClientCase } from "./client-case.ts";

/** What ssh is told when the daemon starts it, and when this user does. */
export const daemonUser: Check<ClientCase> = {
  link: "daemon's ssh",
  needs: ["daemon"],
  look: ({ outside, daemon }) => {
    if (!daemon.isUsed || outside.user.uid !== 0 || outside.platform !== "linux") return ABSENT;
    const environment = daemonEnvironment(outside.files);
    if (!environment) return ABSENT;
    const theirs = environment.get("NIX_SSHOPTS") ?? "";
    const ours = outside.env.NIX_SSHOPTS ?? "";
    return seen(`no agent, NIX_SSHOPTS='${theirs}'`, [
      theirs === ours
        ? undefined
        : {
            code: "DAEMON_SSHOPTS",
            severity: "warning",
            seen: `NIX_SSHOPTS is '${ours}' here and '${theirs}' for the daemon`,
            why: "What works by hand with these options is tried without them by 'nix build'",
            cure: cure(
              "Put the options into root's ssh_config, or into the daemon's unit",
              "sudo systemctl edit nix-daemon",
              "[Service]",
              `Environment="NIX_SSHOPTS=${ours}"`,
            ),
          },
    ]);
  },
};

/** The environment of the daemon that runs in the same mount namespace as we do. Source: proc(5). */
function daemonEnvironment(files: ClientCase["outside"]["files"]): ReadonlyMap<string, string> | undefined {
  for (const pid of files.list("/proc")) {
    if (!/^\d+$/.test(pid) || !isDaemon(files, pid)) continue;
    const text = readQuietly(files, `/proc/${pid}/environ`);
    if (text === undefined) continue;
    return new Map(
      text.split("\0").flatMap((pair): [string, string][] => {
        const cut = pair.indexOf("=");
        return cut > 0 ? [[pair.slice(0, cut), pair.slice(cut + 1)]] : [];
      }),
    );
  }
  return undefined;
}

/** The daemon itself, which init started, and no session of it. */
function isDaemon(files: ClientCase["outside"]["files"], pid: string): boolean {
  const stat = readQuietly(files, `/proc/${pid}/stat`);
  return stat !== undefined && /^\d+ \(nix-daemon\) \S 1 /.test(stat);
}

function readQuietly(files: ClientCase["outside"]["files"], path: string): string | undefined {
  try {
    return files.readText(path);
  } catch {
    return undefined;
  }
}
