import { ElsewhereError, messageOf } from "#base/errors.ts";
import { type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import { explain } from "../explain.ts";
import type { Finding } from "../finding.ts";
import { plainText } from "../plain-text.ts";
import type { BuilderCase } from "./builder-case.ts";
import { programFault } from "./program.ts";
import { noRoomFinding } from "./room.ts";
import { nologinFinding } from "./shell.ts";

/** Whether Nix or Elsewhere answers there, in a version that can be talked to. */
export const protocol: Check<BuilderCase> = {
  link: "protocol",
  needs: ["login", "shell"],
  look: async (builder) => {
    try {
      const { protocol, version } = await builder.connected();
      return seen([version ?? "a store", protocol && `protocol ${protocol}`].filter(Boolean).join(", "));
    } catch (error) {
      builder.outside.signal.throwIfAborted();
      return found("does not answer as it should", await fault(builder, error));
    }
  },
};

async function fault(builder: BuilderCase, error: unknown): Promise<Finding> {
  const code = error instanceof ElsewhereError ? error.code : "";
  const message = plainText(messageOf(error));
  const nologin = code === "TRANSPORT_GARBLED" ? nologinFinding(message) : undefined;
  if (nologin) return nologin;
  const noRoom = noRoomFinding(message, builder.route.ssh && (await builder.survey()).survey);
  if (noRoom) return noRoom;
  if (code === "TRANSPORT_COMMAND_NOT_FOUND" || NOT_FOUND.test(message))
    return await programFault(builder, message);
  if (code === "PROTOCOL_VERSION" || TOO_OLD.test(message)) return tooOld(message);
  if (DAEMON_DOWN.test(message)) return daemonDown(message);
  if (code === "TRANSPORT_GARBLED")
    return {
      code: "PROTOCOL_GARBLED",
      severity: "fault",
      seen: message,
      why: "What is started there is not Nix, or something else prints before it",
      cure: cure(
        "Start it by hand and look",
        `ssh ${hostOf(builder)} ${builder.route.command.join(" ")} </dev/null | od -c | head`,
      ),
    };
  const [known] = explain(message);
  return {
    code: "REMOTE_REFUSED",
    severity: "fault",
    seen: message.split("\n", 3).join(" "),
    why: known?.cause ?? "The program there ended before it greeted",
    cure:
      known?.cure ??
      cure(
        "Start it by hand and look",
        `ssh ${hostOf(builder)} ${builder.route.command.join(" ")} </dev/null`,
      ),
  };
}

function tooOld(message: string): Finding {
  return {
    code: "PROTOCOL_OLD",
    severity: "fault",
    seen: message.split("\n", 1)[0]!,
    why: "The two have no version of the protocol in common",
    cure: cure("Upgrade Nix on the builder", "sudo nix upgrade-nix", "nix --version"),
  };
}

function daemonDown(message: string): Finding {
  return {
    code: "REMOTE_DAEMON_DOWN",
    severity: "fault",
    seen: message.split("\n", 1)[0]!,
    why: "Who logs in there may not write the store himself, and the daemon that would do it does not run",
    cure: cure(
      "Start the daemon on the builder",
      "sudo systemctl enable --now nix-daemon.socket",
      "sudo systemctl restart nix-daemon",
    ),
  };
}

function hostOf({ route }: BuilderCase): string {
  return route.ssh?.settings.host ?? "localhost";
}

const NOT_FOUND = /(?:command )?not found|No such file or directory.*(?:nix-daemon|nix-store)|exec: /;
const TOO_OLD = /version is too old|unsupported .*protocol version|protocol version not supported/;
/** The last is what Nix says where there is not even a socket: it opens the store itself, and may not. */
const DAEMON_DOWN =
  /cannot connect to (?:the daemon )?socket|daemon-socket|\/nix\/var\S*': Permission denied/;
