import type { Change } from "./change.ts";
import type { SetupHost } from "./host.ts";

/** Nix's daemon reads its configuration when it starts: how it is started again; nothing where it does not run. */
export async function restartNix(host: SetupHost): Promise<Change[]> {
  if (!host.isRoot) return [];
  for (const [asked, run] of host.platform === "darwin" ? LAUNCHD : host.hasSystemd ? SYSTEMD : []) {
    const { code } = await host.run(asked);
    // Taken back by the same: the files are as they were by then.
    if (code === 0)
      return [{ kind: "command", run, undo: run, why: "start Nix's daemon again, so that it sees that" }];
  }
  return [];
}

type Words = readonly [string, ...string[]];

const SYSTEMD: readonly (readonly [Words, Words])[] = [
  [
    ["systemctl", "is-active", "--quiet", "nix-daemon.service"],
    ["sh", "-c", "systemctl daemon-reload && systemctl restart nix-daemon.service"],
  ],
];

/** Nix's own installer and Determinate's. */
const LAUNCHD: readonly (readonly [Words, Words])[] = [
  "org.nixos.nix-daemon",
  "systems.determinate.nix-daemon",
].map((label): readonly [Words, Words] => [
  ["launchctl", "print", `system/${label}`],
  ["launchctl", "kickstart", "-k", `system/${label}`],
]);
