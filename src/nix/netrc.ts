import { Buffer } from "node:buffer";

/** The header that a netrc file's entry for a host (or its default) asks for. Source: curl, netrc format. */
export function credentialsFor(netrc: string, host: string): Record<string, string> {
  const entries = entriesOf(netrc);
  const entry =
    entries.find(({ machine }) => machine === host) ?? entries.find(({ machine }) => machine === undefined);
  if (!entry?.password) return {};
  const pair = Buffer.from(`${entry.login ?? ""}:${entry.password}`).toString("base64");
  return { Authorization: `Basic ${pair}` };
}

interface Entry {
  /** Undefined for the default. */
  readonly machine: string | undefined;
  login?: string;
  password?: string;
}

function entriesOf(netrc: string): Entry[] {
  const words = netrc
    .replace(/^\s*#.*$/gm, "")
    .split(/\s+/)
    .filter(Boolean);
  const entries: Entry[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const entry = entries.at(-1);
    if (word === "default") entries.push({ machine: undefined });
    else if (word === "machine") entries.push({ machine: words[++at] ?? "" });
    else if (word === "login" && entry) entry.login = words[++at] ?? "";
    else if (word === "password" && entry) entry.password = words[++at] ?? "";
  }
  return entries;
}
