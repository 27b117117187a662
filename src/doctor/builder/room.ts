import { formatBytes } from "#base/format-bytes.ts";
import { ABSENT, type Check, seen } from "../check.ts";
import { type Cure, cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { BYTES_LOW, BYTES_MIN, INODES_MIN } from "../limits.ts";
import type { BuilderCase } from "./builder-case.ts";
import type { Survey } from "./survey.ts";

/** Room in the builder's store. */
export const room: Check<BuilderCase> = {
  link: "disk",
  needs: ["login"],
  look: async (builder) => {
    if (!builder.route.ssh) return ABSENT;
    const { survey } = await builder.survey();
    if (survey.freeBytes === undefined) return ABSENT;
    return seen(`${formatBytes(survey.freeBytes)} free in ${survey.folder}`, [
      bytesFinding(survey, survey.freeBytes),
      survey.freeInodes !== undefined && survey.freeInodes < INODES_MIN ? inodesFinding(survey) : undefined,
    ]);
  },
};

function bytesFinding({ folder }: Survey, freeBytes: number): Finding | undefined {
  if (freeBytes >= BYTES_LOW) return undefined;
  const isFull = freeBytes < BYTES_MIN;
  return {
    code: isFull ? "DISK_FULL" : "DISK_LOW",
    severity: isFull ? "fault" : "warning",
    seen: `The disk of ${folder} there has ${formatBytes(freeBytes)} left`,
    why: isFull
      ? "Builds end with 'No space left on device'"
      : "A large build, or the closure that it needs, will not fit",
    cure: roomCure(`df -h ${folder}`),
  };
}

function inodesFinding({ folder, freeInodes }: Survey): Finding {
  return {
    code: "INODES_FULL",
    severity: "fault",
    seen: `The disk of ${folder} there has ${freeInodes} inodes left`,
    why: "Builds end with 'No space left on device' though bytes are free: every file takes an inode",
    cure: roomCure(`df -i ${folder}`),
  };
}

/** For a build or a greeting that ended with these words: of which kind the room is that is not there. */
export function noRoomFinding(message: string, survey: Survey | undefined): Finding | undefined {
  if (!/No space left|ENOSPC|disk is full/i.test(message)) return undefined;
  if (survey?.freeInodes !== undefined && survey.freeInodes < INODES_MIN) return inodesFinding(survey);
  if (survey?.freeBytes !== undefined && survey.freeBytes < BYTES_MIN)
    return bytesFinding(survey, survey.freeBytes);
  return {
    code: "DISK_FULL",
    severity: "fault",
    seen: `It ended with: ${message.trim().split("\n").at(-1)!.trim()}`,
    why: "A disk of the builder is full, or has no inodes left",
    cure: roomCure("df -h /nix/store /tmp; df -i /nix/store /tmp"),
  };
}

function roomCure(look: string): Cure {
  return cure(
    "Collect garbage there, and let its daemon keep some room by itself (its nix.conf)",
    "nix-collect-garbage -d",
    look,
    "min-free = 5G",
    "max-free = 20G",
  );
}
