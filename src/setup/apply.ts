import { ElsewhereError, unreachable } from "#base/errors.ts";
import { quoteShellWord } from "#transport/shell-words.ts";
import type { Change, CommandChange, RemoteLineChange } from "./change.ts";
import type { SetupHost } from "./host.ts";

/** Carries out one change. What is a file's, is whole or not at all. */
export async function apply(host: SetupHost, change: Change): Promise<void> {
  switch (change.kind) {
    case "file":
      if (host.readText(change.path) !== change.before)
        throw new ElsewhereError(
          "SETUP_RACE",
          `Cannot change '${change.path}': it became another while you looked at the change`,
          { hint: "run the command again" },
        );
      if (change.after === undefined) host.remove(change.path);
      else host.writeText(change.path, change.after, change.mode);
      return;
    case "remote-line":
      return await onBuilder(host, change, ADD_LINE);
    case "command":
      return await runOrThrow(host, change, change.run);
    default:
      unreachable(change);
  }
}

/** Adds or removes a line of a file on a builder, whatever its user's login shell is. */
export async function onBuilder(
  host: SetupHost,
  { host: builder, path, line }: RemoteLineChange,
  script: string,
): Promise<void> {
  const input = `file=${quoteShellWord(path)}\nline=${quoteShellWord(line)}\n${script}\n`;
  const words = [...host.ssh, "-o", "BatchMode=yes", "--", builder, "sh", "-s"] as const;
  const { code, stderr } = await host.run([...words], { input, timeoutMs: REMOTE_TIMEOUT_MS });
  if (code !== 0)
    throw new ElsewhereError(
      "SETUP_REMOTE",
      `Cannot change '${path}' on ${builder}: ${stderr.trim() || `ssh exited with ${code}`}`,
      { hint: `it is this line of it:\n${line}` },
    );
}

export async function runOrThrow(
  host: SetupHost,
  { why }: CommandChange,
  command: readonly [string, ...string[]],
): Promise<void> {
  const { code, stderr } = await host.run(command, { timeoutMs: COMMAND_TIMEOUT_MS });
  if (code !== 0)
    throw new ElsewhereError(
      "SETUP_COMMAND",
      `Cannot ${why}: '${command.join(" ")}' exited with ${code}${stderr.trim() ? `: ${stderr.trim()}` : ""}`,
    );
}

/** The file's folder and the file are made for their owner alone, as sshd demands. */
const ADD_LINE = `
umask 077
cd && mkdir -p "$(dirname "$file")" && touch "$file" || exit 1
grep -qxF -- "$line" "$file" && exit 0
[ -z "$(tail -c 1 "$file")" ] || echo >>"$file"
printf '%s\\n' "$line" >>"$file"`;

/** Leaves the file's other lines, and its permissions, as they are. */
export const REMOVE_LINE = `
cd && [ -f "$file" ] || exit 0
kept=$(grep -vxF -- "$line" "$file"; echo .)
printf '%s' "\${kept%.}" >"$file"`;

const REMOTE_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 60_000;
