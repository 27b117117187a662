import type { ProcessEnd } from "./command.ts";
import { type TransportCode, TransportError } from "./transport-error.ts";

/** What ssh's end means, from its exit status and its own words. */
export function explainSshEnd(peer: string, command: readonly string[], end: ProcessEnd): TransportError {
  const words = wordsOf(end.stderr);
  const program = command[0] ?? "the command";
  for (const { pattern, code, hint } of SSH_FAULTS)
    if (end.code === SSH_FAULT_STATUS && pattern.test(end.stderr))
      return new TransportError(code, `Cannot connect to ${peer}: ${words}`, { hint });
  if (isCommandMissing(end))
    return new TransportError(
      "TRANSPORT_COMMAND_NOT_FOUND",
      `Cannot start '${program}' on ${peer}: ${words || `exit status ${end.code}`}`,
      {
        hint: `Install Nix or Elsewhere there, or say where the program is: '?remote-program=/path/to/${program.split("/").pop()}'`,
      },
    );
  if (end.signal === null && end.code !== SSH_FAULT_STATUS)
    return new TransportError(
      "TRANSPORT_LOST",
      `'${program}' on ${peer} ended: ${words || (end.code === null ? "it said nothing" : `exit status ${end.code}`)}`,
    );
  const how = end.signal ? `ssh was ended by ${end.signal}` : `ssh exited with status ${end.code}`;
  return new TransportError("TRANSPORT_LOST", `Lost the connection to ${peer}: ${words || how}`, {
    hint: "Look at the host's log of sshd; `ssh -v` to it shows more",
  });
}

function isCommandMissing({ code, stderr }: ProcessEnd): boolean {
  return code === 127 || (code === 126 && /permission denied/i.test(stderr));
}

/** ssh's words without what is no news. */
function wordsOf(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !NO_NEWS.test(line))
    .slice(-WORDS_LINES_MAX)
    .join("\n");
}

const NO_NEWS =
  /^(Warning: Permanently added|\*\* WARNING: connection is not using a post-quantum|\*\* This session may be|\*\* The server may need|mux_client_request_session|ControlSocket .* already exists)/;
/** How many of ssh's lines an error quotes. */
const WORDS_LINES_MAX = 20;
/** What ssh itself exits with, apart from the command's own status. */
export const SSH_FAULT_STATUS = 255;

const SSH_FAULTS: readonly { pattern: RegExp; code: TransportCode; hint: string }[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: "TRANSPORT_HOST_KEY",
    hint: "If the host was set up anew, remove its old key (`ssh-keygen -R HOST`) and connect once by hand; if not, somebody may be in between",
  },
  {
    pattern: /Host key verification failed|No .* host key is known/,
    code: "TRANSPORT_HOST_KEY",
    hint: "Connect once by hand as the same user (`ssh HOST`) and accept the key, or give it in the machines file's last field or `base64-ssh-public-host-key`",
  },
  {
    pattern: /Permission denied|Too many authentication failures|No supported authentication methods/,
    code: "TRANSPORT_AUTH",
    hint: "Put the public key in the host's authorized_keys, or name the right private key by `ssh-key`; the user who runs this must be able to read it",
  },
  {
    pattern: /Could not resolve hostname|Name or service not known|nodename nor servname/,
    code: "TRANSPORT_RESOLVE",
    hint: "Check the name, your ssh configuration's `HostName`, and DNS or the VPN",
  },
  {
    pattern:
      /Connection timed out|Operation timed out|timed out during banner exchange|Timeout, server .* not responding/,
    code: "TRANSPORT_TIMEOUT",
    hint: "Is the host up, and does a firewall let ssh through?",
  },
  {
    pattern: /Connection refused/,
    code: "TRANSPORT_REFUSED",
    hint: "The host is there, but no sshd listens on that port",
  },
  {
    pattern: /No route to host|Network is unreachable|Host is down/,
    code: "TRANSPORT_UNREACHABLE",
    hint: "Check the network; on macOS 15 and later also System Settings, Privacy & Security, Local Network",
  },
  {
    pattern:
      /Bad configuration option|terminating, \d+ bad configuration options|Bad owner or permissions|usage: ssh|unknown option|illegal option|[Bb]ad port|Bad cipher|Unsupported option/,
    code: "TRANSPORT_CONFIG",
    hint: "Mend the ssh configuration or NIX_SSHOPTS; `ssh -G HOST` shows what ssh makes of it",
  },
];
