import { formatStoreReference, parseSshAuthority, type StoreReference } from "#nix/store-reference.ts";
import type { DaemonStore } from "#store/daemon/daemon-store.ts";
import { remoteCommandOf } from "#store/remote-command.ts";
import type { ServeConnect } from "#store/serve/connection.ts";
import type { ServeStore } from "#store/serve/serve-store.ts";
import { splitShellWords } from "#transport/shell-words.ts";
import { type CommandHost, SshHost } from "#transport/ssh-host.ts";
import type { SshSettings } from "#transport/ssh-settings.ts";
import { ThisHost } from "#transport/this-host.ts";
import { OWN_FEATURES } from "./own-features.ts";
import { positiveParam, type StoreContext, storeDirOf } from "./store-context.ts";

/** A store on a host, and the host. */
export interface HostedStore {
  readonly store: DaemonStore | ServeStore;
  readonly host: CommandHost;
}

/** The store of an `ssh://` or `ssh-ng://` reference. Source of the parameters: Nix manual, "SSH Store". */
export async function openSshStore(
  reference: StoreReference,
  context: StoreContext,
): Promise<DaemonStore | ServeStore> {
  return (await openHostedStore(reference, context)).store;
}

/** The same with the host, for more than the store's own protocol. It goes with the store. */
export async function openHostedStore(
  reference: StoreReference,
  context: StoreContext,
): Promise<HostedStore> {
  const isHere = reference.authority === "localhost";
  const host = isHere ? new ThisHost() : new SshHost(sshSettingsOf(reference, context));
  // What speaks the protocol is loaded while ssh is asked.
  host.prepare();
  const command = remoteCommandOf(reference);
  const connectionsMax = positiveParam(reference, "max-connections");
  const parts = {
    uri: formatStoreReference(reference),
    storeDir: storeDirOf(reference, context.env),
    owned: host,
    ...(connectionsMax !== undefined && { connectionsMax }),
  };
  // What a person calls it, without the parameters.
  const peer = `${reference.scheme}://${reference.authority}`;
  if (reference.scheme === "ssh-ng") {
    const { DaemonStore } = await import("#store/daemon/daemon-store.ts");
    const connect = () => host.openSession(command, { peer });
    return { host, store: new DaemonStore({ ...parts, connect, features: OWN_FEATURES }) };
  }
  const { ServeStore } = await import("#store/serve/serve-store.ts");
  const connect: ServeConnect = (onStderr) => host.openSession(command, { peer, onStderr });
  return { host, store: new ServeStore({ ...parts, connect }) };
}

export function sshSettingsOf(
  { authority, params }: StoreReference,
  { env, connectTimeoutS }: StoreContext,
): SshSettings {
  const { user, host, port } = parseSshAuthority(authority);
  return {
    host,
    user,
    port,
    keyFile: nonEmpty(params.get("ssh-key")),
    publicHostKey: nonEmpty(params.get("base64-ssh-public-host-key")),
    compress: params.get("compress") === "true",
    extraArguments: splitShellWords(env.NIX_SSHOPTS ?? ""),
    connectTimeoutS,
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
