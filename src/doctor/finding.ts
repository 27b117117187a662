import type { Cure } from "./cure.ts";
import type { Fix } from "./fix.ts";

/**
 * How grave something is: a fault keeps builds from being offloaded, or from ending well; a warning makes them
 * slow or will be a fault some day; a note is for those who wonder.
 */
type Severity = "fault" | "warning" | "note";

/** What was found at a link of the chain. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** What was seen, as a sentence without its full stop; and why it matters, likewise. */
  readonly seen: string;
  readonly why: string;
  readonly cure: Cure;
  /** What `--fix` would do. */
  readonly fix?: Fix | undefined;
}

/** Stable: scripts may decide by them. */
export const FINDING_CODES = [
  // This machine's Nix and its settings.
  "NIX_BROKEN",
  "NIX_OLD",
  "CONF_UNREADABLE",
  "CONF_UNKNOWN_SETTING",
  "DAEMON_DOWN",
  "DAEMON_UNTRIED",
  "DAEMON_SSHOPTS",
  "SETTINGS_DROPPED",
  "NO_BUILDERS",
  "MACHINES_FILE_MISSING",
  "MACHINES_UNREADABLE",
  "SYSTEM_UNCOVERED",
  "HERE_DISK_FULL",
  "HERE_INODES_FULL",
  "CACHE_UNREACHABLE",
  "HOME_STORE",
  // Lines of the machines file.
  "LINE_SYNTAX",
  "LINE_SHIFTED",
  "LINE_SPLIT_LIST",
  "LINE_SCHEME",
  "LINE_PORT",
  "LINE_NO_JOBS",
  "LINE_MANDATORY",
  "LINE_DUPLICATE",
  "LINE_TOO_LONG",
  "LINE_NOT_A_HOST",
  "LINE_HOST_KEY",
  // The way to a builder.
  "SSH_MISSING",
  "SSH_CONFIG",
  "KEY_MISSING",
  "KEY_UNREADABLE",
  "KEY_MODE",
  "KEY_ENCRYPTED",
  "KEY_NOT_PRIVATE",
  "NAME_UNKNOWN",
  "PORT_REFUSED",
  "PORT_TIMEOUT",
  "PORT_UNREACHABLE",
  "PORT_NOT_SSH",
  "LOCAL_NETWORK_PRIVACY",
  "HOST_KEY_UNKNOWN",
  "HOST_KEY_CHANGED",
  "HOST_KEY_PINNED",
  "LOGIN_REFUSED",
  "LOGIN_LOST",
  "SHELL_NOLOGIN",
  "SHELL_NOISY",
  // The builder.
  "PROGRAM_MISSING",
  "PROGRAM_WRONG",
  "PROTOCOL_OLD",
  "PROTOCOL_GARBLED",
  "REMOTE_DAEMON_DOWN",
  "REMOTE_REFUSED",
  "UNTRUSTED",
  "CLOCK_OFF",
  "DISK_FULL",
  "DISK_LOW",
  "INODES_FULL",
  "MEMORY_LOW",
  "BUILDER_CACHE_UNREACHABLE",
  "SYSTEM_WRONG",
  "SYSTEM_NOT_RUN",
  "FEATURE_ABSENT",
  "KVM_UNUSABLE",
  "BUILD_FAILED",
  "OUTPUT_LOST",
  "SIGNATURE_UNKNOWN",
  // A Mac's services.
  "SERVICE_DOWN",
  "VM_DOWN",
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];
