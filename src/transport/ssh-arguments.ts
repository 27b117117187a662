import { quoteShellWord } from "./shell-words.ts";
import type { SshConfiguration } from "./ssh-configuration.ts";
import { type SshSettings, sshDestination } from "./ssh-settings.ts";

/** Arguments that decide where ssh goes and as whom: what `ssh -G` must be told to answer for this host. */
export function targetArguments(settings: SshSettings, knownHostsFile: string | undefined): string[] {
  const { port, keyFile, compress, extraArguments = [] } = settings;
  return [
    ...extraArguments,
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(keyFile === undefined ? [] : ["-i", keyFile]),
    ...(knownHostsFile === undefined ? [] : ["-o", `UserKnownHostsFile=${knownHostsFile}`]),
    ...(compress ? ["-C"] : []),
  ];
}

/** Options for every connection of ours, each left out where the person chose a value. */
export function patienceArguments(settings: SshSettings, configuration: SshConfiguration): string[] {
  const args: string[] = [];
  const connectTimeout = configuration.get("connecttimeout");
  if (settings.connectTimeoutS !== undefined)
    args.push("-o", `ConnectTimeout=${Math.max(1, Math.ceil(settings.connectTimeoutS))}`);
  else if (connectTimeout === undefined || connectTimeout === "none")
    args.push("-o", `ConnectTimeout=${CONNECT_TIMEOUT_S}`);
  if ((configuration.get("serveraliveinterval") ?? "0") === "0")
    args.push(
      "-o",
      `ServerAliveInterval=${ALIVE_INTERVAL_S}`,
      "-o",
      `ServerAliveCountMax=${ALIVE_COUNT_MAX}`,
    );
  return args;
}

/** The end of every command line: no terminal, no X11, the destination, and the remote command as one shell reads it. */
export function sessionArguments(settings: SshSettings, command: readonly string[]): string[] {
  return ["-x", "-T", "--", sshDestination(settings), ...command.map(quoteShellWord)];
}

/** How long a host may take to answer, in seconds. */
const CONNECT_TIMEOUT_S = 10;
/** A peer that says nothing for interval times count is lost. Seconds. */
const ALIVE_INTERVAL_S = 15;
const ALIVE_COUNT_MAX = 4;
