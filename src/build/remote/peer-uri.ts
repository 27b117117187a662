import { formatStoreReference, type StoreReference } from "#nix/store-reference.ts";

/**
 * How another builder would name a machine: as the machines file does, without what only makes sense on this machine, or
 * as its parameter `peer-uri` says, which may also be `none`. Undefined for what no other machine can reach.
 */
export function peerUriOf(reference: StoreReference): string | undefined {
  const given = reference.params.get(PEER_URI);
  if (given !== undefined) return given === "none" || given === "" ? undefined : given;
  if (reference.scheme !== "ssh" && reference.scheme !== "ssh-ng") return undefined;
  const params = [...reference.params].filter(([name]) => !OURS.has(name));
  return formatStoreReference({ ...reference, params: new Map(params) });
}

/** What is left to say to Nix or a server, without what is only for us. */
export function withoutPeerUri(reference: StoreReference): StoreReference {
  const params = new Map(reference.params);
  params.delete(PEER_URI);
  return { ...reference, params };
}

const PEER_URI = "peer-uri";
/** A key file of this machine, and how this machine connects. */
const OURS: ReadonlySet<string> = new Set(["ssh-key", "max-connections", "compress"]);
