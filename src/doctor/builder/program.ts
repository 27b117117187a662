import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";

/** The program that should be started there is not: what the line should say, if it is somewhere else. */
export async function programFault(builder: BuilderCase, message: string): Promise<Finding> {
  const { machine, route } = builder;
  const [program = "nix-daemon"] = route.command;
  const survey = route.ssh ? (await builder.survey()).survey : undefined;
  const wanted = machine.uri.startsWith("ssh://") ? "nix-store" : "nix-daemon";
  const other = [...(survey?.found ?? []), ...(survey?.onPath ?? [])];
  const path =
    other.find((found) => found.endsWith(`/${wanted}`)) ??
    other.find((found) => found.endsWith("/elsewhere"));
  const isNamed = /[?&]remote-program=/.test(machine.uri);
  if (isNamed)
    return {
      code: "PROGRAM_WRONG",
      severity: "fault",
      seen: `remote-program is '${program}', and the builder has no such program: ${lastLine(message)}`,
      why: "It is what ssh starts there to speak the protocol",
      cure: path
        ? cure("Name the one that is there", withProgram(machine.uri, path))
        : cure(
            "Correct the path, or take the parameter out where nix-daemon is on PATH",
            machine.uri.replace(/\?.*$/s, ""),
          ),
    };
  const where = survey?.path ? `PATH there, for commands by ssh, is ${survey.path}` : lastLine(message);
  return {
    code: "PROGRAM_MISSING",
    severity: "fault",
    seen: path
      ? `${path} is there, and not on the PATH of commands that ssh starts (${where})`
      : `There is no ${program} on the builder's PATH (${where})`,
    why: path
      ? "ssh's commands read neither ~/.profile nor /etc/profile, which put Nix on PATH for logins"
      : "Without Nix or Elsewhere nothing there can build",
    cure: path
      ? cure(
          "Name it in the line, or link it into a folder that is on PATH",
          withProgram(machine.uri, path),
          `sudo ln -s ${path} /usr/local/bin/`,
        )
      : cure(
          "Install Nix there, or put Elsewhere on it and name it",
          `${machine.uri.replace(/\?.*$/s, "")}?remote-program=/opt/elsewhere/bin/elsewhere`,
        ),
  };
}

function withProgram(uri: string, path: string): string {
  const [base, query = ""] = uri.split("?", 2) as [string, string?];
  const others = query.split("&").filter((pair) => pair !== "" && !pair.startsWith("remote-program="));
  return `${base}?${[...others, `remote-program=${path}`].join("&")}`;
}

function lastLine(message: string): string {
  return message.trim().split("\n").at(-1)!;
}
