/** How to reach a host by ssh: the parts of an `ssh://` or `ssh-ng://` reference that are ssh's. */
export interface SshSettings {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Private key file (`ssh-key`). */
  readonly keyFile?: string | undefined;
  /** The host's public key line in base64 (`base64-ssh-public-host-key`): the only one to accept. */
  readonly publicHostKey?: string | undefined;
  readonly compress?: boolean | undefined;
  /** More words for ssh, before the host (`NIX_SSHOPTS`). */
  readonly extraArguments?: readonly string[] | undefined;
  /** The ssh program; `ssh` by default. */
  readonly program?: string | undefined;
  /** Seconds to wait for the host, unless the person's own configuration says how long. */
  readonly connectTimeoutS?: number | undefined;
}

/** `user@host`, as ssh takes it. */
export function sshDestination({ host, user }: SshSettings): string {
  return user === undefined ? host : `${user}@${host}`;
}
