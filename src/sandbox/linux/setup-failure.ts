import { readFileSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";

export interface SetupFailure {
  /** What bubblewrap and its launcher printed. */
  readonly text: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error | undefined;
}

/** The error for a sandbox that did not come up: bubblewrap's own words, and what to type on this machine. */
export function describeSetupFailure({ text, code, signal, error }: SetupFailure): ElsewhereError {
  const said = text.trim() || error?.message || `it ended with ${signal ?? `exit code ${code}`}`;
  return new ElsewhereError("SANDBOX_UNAVAILABLE", `Cannot set up the sandbox: ${said}`, {
    hint: `${advice()} Or build without a sandbox: --sandbox none`,
    cause: error,
  });
}

/** Source: kernel sysctl documentation, Ubuntu's and Debian's patches. */
function advice(): string {
  const restricted = SWITCHES.filter(({ file, closed }) => read(file) === closed);
  if (restricted.length === 0)
    return "In a container, allow it to make user namespaces and to mount (for Docker: --privileged, or --security-opt seccomp=unconfined --security-opt systempaths=unconfined).";
  return `User namespaces are switched off here: run ${restricted.map(({ command }) => command).join(" && ")}.`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1").trim();
  } catch {
    return undefined;
  }
}

const SWITCHES = [
  {
    file: "/proc/sys/kernel/unprivileged_userns_clone",
    closed: "0",
    command: "sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    file: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    closed: "1",
    command: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
  {
    file: "/proc/sys/user/max_user_namespaces",
    closed: "0",
    command: "sysctl -w user.max_user_namespaces=15000",
  },
] as const;
