import { cure } from "../cure.ts";
import { explain } from "../explain.ts";
import type { Finding } from "../finding.ts";
import type { BuilderCase } from "./builder-case.ts";
import type { ProbedSystem } from "./probing.ts";
import { noRoomFinding } from "./room.ts";
import type { Survey } from "./survey.ts";

/** What is wrong with a builder that was asked to build for a system that it claims. */
export function judgeProbe(
  probed: ProbedSystem,
  builder: BuilderCase,
  survey: Survey | undefined,
): Finding[] {
  const { system, outcome, refused } = probed;
  const place = `${builder.machine.source.file}:${builder.machine.source.line}`;
  if (outcome.kind === "lost") return [lost(probed, outcome.message, survey)];
  if (outcome.kind === "failed") return [notBuilt(probed, { message: outcome.message, place, survey })];
  const { machine, kvmUsable } = outcome.report;
  const features = refused.map(({ feature, message }) => absentFeature(feature, message, place));
  if (machine !== undefined && `${machine}-linux` !== system)
    return [notRun(system, place, survey), ...features];
  return kvmUsable === false ? [kvm(place, survey), ...features] : features;
}

interface Refusal {
  readonly message: string;
  readonly place: string;
  readonly survey: Survey | undefined;
}

function notBuilt({ system }: ProbedSystem, { message, place, survey }: Refusal): Finding {
  const own = /I am an? '([^']+)'|Current system: '([^']+)'/.exec(message);
  if (own || /platform mismatch|required system/i.test(message)) {
    const theirs = own?.[1] ?? own?.[2];
    return {
      code: "SYSTEM_WRONG",
      severity: "fault",
      seen: `${place} says that the builder builds for ${system}; it says ${theirs ? `that it is ${theirs}` : "that it does not"}`,
      why: "It refuses every build of that system: 'required system or feature not available'",
      cure: cure(
        `Take ${system} out of the line (field 2); or, if it can run such programs, tell its Nix (its nix.conf)`,
        `extra-platforms = ${system}`,
      ),
    };
  }
  const noRoom = noRoomFinding(message, survey);
  if (noRoom) return noRoom;
  const [known] = explain(message);
  return {
    code: "BUILD_FAILED",
    severity: "fault",
    seen: `A build for ${system} that does next to nothing failed: ${lastLine(message)}`,
    why: known?.cause ?? "What fails here fails for every build",
    cure: known?.cure ?? cure("Look at the builder's log", "journalctl -u nix-daemon -n 50"),
  };
}

function lost({ system }: ProbedSystem, message: string, survey: Survey | undefined): Finding {
  const noRoom = noRoomFinding(message, survey);
  if (noRoom) return noRoom;
  const [known] = explain(message);
  return {
    code: "OUTPUT_LOST",
    severity: "fault",
    seen: `The build for ${system} did not come to its end: ${message.split("\n", 2).join(" ")}`,
    why:
      known?.cause ??
      "The builder took the connection and not the build, or what it built could not be taken home",
    cure: known?.cure ?? cure("Look at the builder's log, and try again", "journalctl -u nix-daemon -n 50"),
  };
}

function absentFeature(feature: string, message: string, place: string): Finding {
  const isLack = /feature/i.test(message);
  return {
    code: "FEATURE_ABSENT",
    severity: "fault",
    seen: isLack
      ? `${place} says that the builder has the feature '${feature}'; it says that it has not`
      : `A build that requires '${feature}' fails: ${lastLine(message)}`,
    why: "Builds that require it are sent there and refused: 'required system or feature not available'",
    cure: cure(
      "Take it out of the line (field 6 or 7), or, if it has it, tell its Nix (its nix.conf)",
      `extra-system-features = ${feature}`,
    ),
  };
}

function notRun(system: string, place: string, survey: Survey | undefined): Finding {
  const cpu = system.slice(0, system.lastIndexOf("-"));
  const registered = survey?.emulators.some((name) => name.includes(cpu));
  return {
    code: "SYSTEM_NOT_RUN",
    severity: "fault",
    seen: `The builder took a build for ${system} (${place}) and could not run a program of that system${
      survey?.isShell
        ? `; ${registered ? "an emulator is registered, but not to be used within the sandbox" : `no emulator for ${cpu} is registered there`}`
        : ""
    }`,
    why: "Builds end with 'Exec format error' or 'cannot execute binary file'",
    cure: cure(
      `Register an emulator there, with the flag F so that sandboxes have it; or take ${system} out of the line and of its extra-platforms`,
      `boot.binfmt.emulatedSystems = [ "${system}" ];`,
      "sudo apt-get install qemu-user-static binfmt-support",
    ),
  };
}

function kvm(place: string, survey: Survey | undefined): Finding {
  const state = survey?.isShell
    ? {
        absent: "there is no /dev/kvm",
        forbidden: "who logs in may not open /dev/kvm",
        usable: "builds may not, though who logs in may",
      }[survey.kvm]
    : "builds cannot open it";
  return {
    code: "KVM_UNUSABLE",
    severity: "fault",
    seen: `${place} says that the builder has kvm; a build could not open /dev/kvm: ${state}`,
    why: "NixOS tests and image builds go there and end with 'Could not access KVM kernel module', or take hours",
    cure: cure(
      "Load the module, switch virtualisation on in the firmware, and let builds open it; or take kvm out of the line",
      "sudo modprobe kvm_intel || sudo modprobe kvm_amd",
      "sudo chmod 666 /dev/kvm",
    ),
  };
}

function lastLine(message: string): string {
  return message.trim().split("\n").at(-1)!.trim();
}
