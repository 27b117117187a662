import { formatBytes } from "#base/format-bytes.ts";
import type { Loss } from "#schedule/loss.ts";
import type { Obstacle } from "#schedule/reason.ts";
import type { Refusal } from "#schedule/requirement.ts";

/** Why a builder cannot take a build now, as the end of a sentence about it. */
export function describeObstacle(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "system":
    case "missing-features":
    case "mandatory-features":
    case "no-slots":
      return describeRefusal(obstacle);
    case "connecting":
      return "it has not answered yet";
    case "down":
      return "it is down";
    case "drained":
      return "it is drained: 'elsewhere builders resume' gives it work again";
    case "suspended":
      return `it lost too many builds (the last time: ${describeLoss(obstacle.loss)}) and is to be probed first`;
    case "full":
      return obstacle.running < obstacle.slots
        ? `too few of its slots are free: ${obstacle.running} of ${obstacle.slots} are taken`
        : `all its slots are taken (${obstacle.running} of ${obstacle.slots})`;
    case "no-memory":
      return `it has ${formatBytes(obstacle.freeBytes)} of memory free, and the build needs about ${formatBytes(obstacle.neededBytes)}`;
    case "no-disk":
      return `it has ${formatBytes(obstacle.freeBytes)} of disk free, and the build needs about ${formatBytes(obstacle.neededBytes)}`;
    case "lost-it":
      return `it lost this build before: ${describeLoss(obstacle.loss)}`;
    case "reserved":
      return "it is being emptied for a build that wants the whole machine";
  }
}

/** Why a builder never takes a build. */
export function describeRefusal(refusal: Refusal): string {
  switch (refusal.kind) {
    case "system":
      return `it builds ${refusal.offered.join(", ") || "nothing"}, not ${refusal.wanted}`;
    case "missing-features":
      return `it lacks the feature${plural(refusal.features)} ${refusal.features.join(", ")}`;
    case "mandatory-features":
      return `it only takes builds that need ${refusal.features.join(", ")}`;
    case "no-slots":
      return "its max-jobs is 0";
  }
}

/** What a class of loss means. */
export function describeLoss(loss: Loss): string {
  return LOSS_WORDS[loss];
}

const LOSS_WORDS: Readonly<Record<Loss, string>> = {
  transport: "the line broke",
  vanished: "it went away",
  "no-space": "no space was left",
  "out-of-memory": "it ran out of memory",
  "timed-out": "it took longer than it may",
  "wrong-machine": "it is not the machine that it was said to be",
  "inputs-gone": "inputs were no longer where they had been",
  cancelled: "it was stopped",
};

function plural(items: readonly unknown[]): string {
  return items.length === 1 ? "" : "s";
}
