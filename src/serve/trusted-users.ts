/** A user of this machine, as far as it is known. */
export interface LocalUser {
  readonly uid: number;
  readonly name: string | undefined;
  readonly groups: readonly string[];
}

/** Whether a list such as `trusted-users` or `allowed-users` names a user: by name, as `@group`, or by `*`. */
export function namesUser(list: readonly string[], user: LocalUser | undefined): boolean {
  if (list.includes("*")) return true;
  if (!user) return false;
  return list.some((entry) =>
    entry.startsWith("@") ? user.groups.includes(entry.slice(1)) : entry === user.name,
  );
}
