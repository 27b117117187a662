import type { SetupHost } from "../host.ts";

/** The files of a client: the whole machine's for root, else one's own. */
export interface ClientPaths {
  /** For the whole machine. */
  readonly system: boolean;
  readonly machines: string;
  readonly nixConf: string;
  readonly sshConfig: string;
  /** Private key that clients of this machine use for every builder. */
  readonly keyFile: string;
}

/** Where a client keeps what it knows of builders. Source: Nix manual, "nix.conf". */
export function clientPaths(
  host: SetupHost,
  env: { readonly [name: string]: string | undefined },
): ClientPaths {
  const own = `${env.XDG_CONFIG_HOME || `${host.home}/.config`}/nix`;
  const folder = host.isRoot ? env.NIX_CONF_DIR || "/etc/nix" : own;
  return {
    system: host.isRoot,
    machines: `${folder}/machines`,
    nixConf: host.isRoot ? mainConf(host, folder) : `${folder}/nix.conf`,
    sshConfig: `${host.home}/.ssh/config`,
    keyFile: `${host.home}/.ssh/elsewhere_ed25519`,
  };
}

/** Determinate Nix rewrites nix.conf itself, and reads what is a person's own from a file beside it. */
function mainConf(host: SetupHost, folder: string): string {
  const text = host.readText(`${folder}/nix.conf`) ?? "";
  return /^\s*!?include\s+nix\.custom\.conf\s*$/m.test(text)
    ? `${folder}/nix.custom.conf`
    : `${folder}/nix.conf`;
}
