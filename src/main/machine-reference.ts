import type { Machine } from "#nix/machine.ts";
import { parseStoreReference, type StoreReference, withDefaultParams } from "#nix/store-reference.ts";

/** Where a machine is, with the keys of its line as the parameters that they stand for. Source: Nix manual, `builders`. */
export function machineReference(machine: Machine): StoreReference {
  return withDefaultParams(parseStoreReference(machine.uri), [
    ...(machine.sshKey ? [["ssh-key", machine.sshKey] as [string, string]] : []),
    ...(machine.sshPublicHostKey
      ? [["base64-ssh-public-host-key", machine.sshPublicHostKey] as [string, string]]
      : []),
  ]);
}
