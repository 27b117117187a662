import { ElsewhereError } from "#base/errors.ts";

/** Where ssh goes, by the keywords of ssh_config: `HostName`, `Port`, `User`, and `ProxyJump` and its like. */
export type SshTarget = ReadonlyMap<string, string>;

/** What ssh shall do for a name. */
export interface SshHostEntry {
  /** What is typed: `ssh ALIAS`. */
  readonly alias: string;
  readonly target: SshTarget;
  readonly keyFile: string;
}

/** What matters of what ssh itself says that it would do for an address (`ssh -G`). */
export function targetOf(configuration: ReadonlyMap<string, string>): SshTarget {
  const found = TARGET_KEYWORDS.map(
    (keyword) => [keyword, configuration.get(keyword.toLowerCase())] as const,
  );
  return new Map(
    found.flatMap(([keyword, value]) => (value && value !== "none" ? [[keyword, value] as const] : [])),
  );
}

/** ssh_config with an entry, in the place of the one that was written for the same alias before, else first of all. */
export function withSshHost(text: string, entry: SshHostEntry): string {
  const block = blockOf(entry);
  const begin = text.indexOf(beginOf(entry.alias));
  // ssh takes the first value that it finds.
  if (begin < 0) return text === "" ? block : `${block}\n${text}`;
  const end = text.indexOf(END, begin);
  if (end < 0)
    throw new ElsewhereError(
      "SETUP_BLOCK",
      `Cannot change the entry of '${entry.alias}' in the ssh configuration: '${END.trim()}' after it is missing`,
      { hint: "remove the entry by hand, and set up again" },
    );
  return text.slice(0, begin) + block + text.slice(end + END.length);
}

function blockOf({ alias, target, keyFile }: SshHostEntry): string {
  return [
    `${beginOf(alias)}Host ${alias}`,
    ...Array.from(target, ([keyword, value]) => `  ${keyword} ${value}`),
    // The key that a machines file pins is looked for under the name that it has there.
    `  HostKeyAlias ${alias}`,
    `  IdentityFile ${/\s/.test(keyFile) ? `"${keyFile}"` : keyFile}`,
    "  IdentitiesOnly yes",
    "  ServerAliveInterval 15",
    END,
  ].join("\n");
}

function beginOf(alias: string): string {
  return `# elsewhere: ${alias}\n`;
}

const END = "# elsewhere: end\n";
const TARGET_KEYWORDS = ["HostName", "Port", "User", "ProxyJump", "ProxyCommand"];
