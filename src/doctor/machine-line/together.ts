import type { Machine } from "#nix/machine.ts";
import { parseStoreReference } from "#nix/store-reference.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { placeOf } from "./entry.ts";
import type { JudgedLine } from "./judge-line.ts";

/** What is wrong with lines only beside each other, or for the Nix that reads them. */
export function judgeTogether(lines: readonly JudgedLine[], nixVersion: string | undefined): Finding[] {
  return lines.flatMap((line, index) => {
    if (!line.machine) return [];
    const twin = lines.slice(0, index).find(({ machine }) => machine && isTwin(machine, line.machine!));
    return [
      ...(twin ? [duplicate(line, twin)] : []),
      ...(hasPort(line.machine) && isBefore(nixVersion, 2, 31) ? [port(line, nixVersion!)] : []),
      ...(line.machine.mandatoryFeatures.length > 0
        ? [reserved(line, hasOrdinaryTwin(lines, line.machine))]
        : []),
    ];
  });
}

function duplicate(line: JudgedLine, twin: JudgedLine): Finding {
  return {
    code: "LINE_DUPLICATE",
    severity: "warning",
    seen: `${placeOf(line.entry)}: the builder '${line.machine!.uri}' stands already at ${placeOf(twin.entry)}`,
    why: "Both lines count against the same slots, and when one is changed the other stays as it was",
    cure: cure("Keep one of them, with all the systems that it builds for"),
  };
}

function port({ entry }: JudgedLine, version: string): Finding {
  return {
    code: "LINE_PORT",
    severity: "fault",
    seen: `${placeOf(entry)}: the URI has a port, and the Nix here is ${version}`,
    why: "Before 2.31, Nix takes HOST:PORT for the host's name, which is then not known",
    cure: cure(
      "Say the port in the ssh_config of the daemon's user, and name the alias in the line",
      "Host ALIAS",
      "  HostName HOST",
      "  Port PORT",
    ),
  };
}

/** Where others take the ordinary builds, it may well be meant. */
function reserved({ entry, machine }: JudgedLine, othersTakeOrdinary: boolean): Finding {
  const features = machine!.mandatoryFeatures;
  return {
    code: "LINE_MANDATORY",
    severity: othersTakeOrdinary ? "note" : "warning",
    seen: `${placeOf(entry)}: ${features.map((feature) => `'${feature}'`).join(", ")} ${features.length === 1 ? "is" : "are"} mandatory (field 7)`,
    why: `The builder gets only builds that require ${features.length === 1 ? "it" : "every one of them"}; ordinary ones never go there`,
    cure: cure("If it was meant as what the builder can do, write it in field 6", lineWithout(machine!)),
  };
}

function lineWithout(machine: Machine): string {
  const {
    uri,
    systems,
    sshKey,
    maxJobs,
    speedFactor,
    supportedFeatures,
    mandatoryFeatures,
    sshPublicHostKey,
  } = machine;
  const features = [...new Set([...supportedFeatures, ...mandatoryFeatures])].join(",");
  const line = [uri, systems.join(","), sshKey ?? "-", maxJobs, speedFactor, features];
  return [...line, ...(sshPublicHostKey ? ["-", sshPublicHostKey] : [])].join(" ");
}

function hasOrdinaryTwin(lines: readonly JudgedLine[], { systems }: Machine): boolean {
  return systems.every((system) =>
    lines.some(({ machine }) => machine?.mandatoryFeatures.length === 0 && machine.systems.includes(system)),
  );
}

function isTwin(a: Machine, b: Machine): boolean {
  return a.uri === b.uri && a.systems.some((system) => b.systems.includes(system));
}

function hasPort({ uri }: Machine): boolean {
  try {
    const { scheme, authority } = parseStoreReference(uri);
    return scheme.startsWith("ssh") && /:\d+$/.test(authority);
  } catch {
    return false;
  }
}

/** Whether a version is known and older. */
export function isBefore(version: string | undefined, major: number, minor: number): boolean {
  const [, a, b] = /(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (a === undefined) return false;
  return Number(a) < major || (Number(a) === major && Number(b) < minor);
}
