/** A user of this machine. */
export interface LoginName {
  readonly name: string;
  readonly home: string;
}

/** Users as `/etc/passwd` has them, by name. */
export function parsePasswd(text: string): Map<string, LoginName> {
  const fields = text.split("\n").map((line) => line.split(":"));
  return new Map(
    fields.flatMap(([name, , , , , home]) => (name && home ? [[name, { name, home }] as const] : [])),
  );
}
