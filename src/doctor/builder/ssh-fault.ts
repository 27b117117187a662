import { messageOf } from "#base/errors.ts";
import type { TransportError } from "#transport/transport-error.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";

/** For an ssh that goes nowhere at all; undefined where it got as far as the network. */
export function sshFault(error: TransportError, host: string): Finding | undefined {
  if (error.code === "TRANSPORT_PROGRAM_MISSING")
    return {
      code: "SSH_MISSING",
      severity: "fault",
      seen: messageOf(error),
      why: "Builders are reached by the system's ssh",
      cure: cure("Install the OpenSSH client", "sudo apt-get install openssh-client"),
    };
  if (error.code === "TRANSPORT_CONFIG")
    return {
      code: "SSH_CONFIG",
      severity: "fault",
      seen: `ssh cannot make sense of its configuration or of NIX_SSHOPTS: ${messageOf(error)}`,
      why: "It refuses to go anywhere",
      cure: cure("Correct the line that it names", `ssh -G ${host} >/dev/null`, 'echo "$NIX_SSHOPTS"'),
    };
  return undefined;
}
