import { ElsewhereError, MalformedError } from "#base/errors.ts";

/** A public key as it stands in a `.pub` file. */
export interface PublicKey {
  readonly type: string;
  readonly base64: string;
  readonly comment: string;
}

/** Parses one line of a `.pub` file; not one with options before the key. */
export function parsePublicKey(line: string): PublicKey {
  const [type = "", base64 = "", ...comment] = line.trim().split(/\s+/);
  if (!TYPES.test(type) || !BASE64.test(base64) || line.trim().includes("\n"))
    throw new MalformedError("ssh public key", line, "want 'ssh-ed25519 AAAA… name', as in a .pub file");
  return { type, base64, comment: comment.join(" ") };
}

/** A line of `authorized_keys` for a key that can run one command and nothing else. */
export function forcedCommandLine(key: PublicKey, command: string): string {
  if (/[\n\r\0]/.test(command))
    throw new ElsewhereError("SETUP_COMMAND", "Cannot force a command that has more than one line");
  const quoted = command.replaceAll('"', '\\"');
  return `restrict,command="${quoted}" ${key.type} ${key.base64}${key.comment ? ` ${key.comment}` : ""}`;
}

/** `authorized_keys` with a line for a key, in the place of the one that the same key had. */
export function withAuthorizedKey(text: string, line: string): string {
  const base64 = BASE64_IN_LINE.exec(line)?.[0];
  const kept = text.split("\n").filter((other) => other !== "" && !(base64 && other.includes(base64)));
  return [...kept, line].map((one) => `${one}\n`).join("");
}

const TYPES =
  /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;
const BASE64 = /^AAAA[A-Za-z0-9+/]+={0,2}$/;
const BASE64_IN_LINE = /AAAA[A-Za-z0-9+/]{40,}={0,2}/;
