import { NixRoot, type NixSuite } from "#rig/nix-root.ts";
import { startServer } from "#rig/process.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";

/** Real Nix behind an sshd of its own, with a store of its own. */
export interface NixBuilder extends AsyncDisposable {
  readonly nix: NixRoot;
  readonly sshd: Sshd;
  /** What Elsewhere calls it. */
  readonly name: string;
  /** `ssh-ng://user@127.0.0.1:port`, to which a machine's line adds the key and the host's key. */
  uri(scheme: "ssh-ng" | "ssh"): string;
  /** A line of the machines file. */
  machine(scheme: "ssh-ng" | "ssh", traits?: MachineTraits): string;
}

export interface MachineTraits {
  readonly features?: string;
  readonly mandatory?: string;
}

export interface NixBuilderOptions {
  readonly name: string;
  /** False: a daemon that trusts root alone owns the store, and who comes by ssh is another user. */
  readonly trusted: boolean;
  /** What that daemon says that its machine can do; what Nix says where absent. */
  readonly features?: string;
}

export async function startNixBuilder(
  suite: NixSuite,
  { name, trusted, features }: NixBuilderOptions,
): Promise<NixBuilder> {
  const open = new AsyncDisposableStack();
  const nix = open.use(new NixRoot(suite, name));
  await nix.run(["nix-store", "--init"]);
  if (!trusted) open.use(await startDaemon(nix, features));
  const sshd = open.use(await startSshd({ within: nix.within }));
  const host = `127.0.0.1:${sshd.port}`;
  const user = trusted ? sshd.user : STRANGER;
  const uri = (scheme: string) => `${scheme}://${user}@${host}`;
  return {
    nix,
    sshd,
    name: host,
    uri,
    machine: (scheme, { features = "-", mandatory = "-" } = {}) =>
      `${uri(scheme)} x86_64-linux ${sshd.keyFile} 4 1 ${features} ${mandatory} ${sshd.publicHostKey}`,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function startDaemon(nix: NixRoot, features: string | undefined): Promise<AsyncDisposable> {
  // No password at all locks an account for an sshd without PAM; an impossible one does not.
  const words = ["useradd", "--create-home", "--shell", "/bin/sh", "--password", "'*'", STRANGER];
  await nix.run(["sh", "-c", `id ${STRANGER} >/dev/null 2>&1 || ${words.join(" ")}`]);
  await nix.run(["mkdir", "-p", "/nix/var/nix/daemon-socket"]);
  const settings = ["--option", "trusted-users", "root"];
  if (features) settings.push("--option", "system-features", features);
  return await startServer([...nix.within, "nix-daemon", ...settings], {
    socket: `${nix.nixFolder}/var/nix/daemon-socket/socket`,
  });
}

/** Who comes by ssh and is nobody to the daemon. */
const STRANGER = "stranger";
