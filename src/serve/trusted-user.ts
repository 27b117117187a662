import { statSync } from "node:fs";
import { lookUpUser } from "./local-user.ts";
import { namesUser } from "./trusted-users.ts";

export interface TrustQuestion {
  readonly uid: number;
  /** nix.conf's `trusted-users`. */
  readonly trustedUsers: readonly string[];
  /** A folder that only a store's owner may write; absent for a store that is not on this machine's disk. */
  readonly stateDir: string | undefined;
}

/** Whether a user may do all with a store: he is root, could write its files anyway, or is said to be trusted. */
export async function isTrustedUser({ uid, trustedUsers, stateDir }: TrustQuestion): Promise<boolean> {
  if (uid === 0 || trustedUsers.includes("*")) return true;
  if (stateDir !== undefined && statSync(stateDir, { throwIfNoEntry: false })?.uid === uid) return true;
  return namesUser(trustedUsers, await lookUpUser(uid));
}
