import type { WaitReason } from "#schedule/reason.ts";
import { describeLoss, describeObstacle } from "./obstacle-words.ts";

/** Why a build waits, as the end of a sentence about it: `waits …`. */
export function describeWait(reason: WaitReason, nowMs: number): string {
  const soon = (untilMs: number) => `${Math.max(1, Math.ceil((untilMs - nowMs) / 1000))} s`;
  switch (reason.kind) {
    case "inputs":
      return `for ${reason.tasks.length} other build${reason.tasks.length === 1 ? "" : "s"}`;
    case "nobody":
    case "builders": {
      const said = reason.verdicts.flatMap(({ builder, obstacle }) =>
        obstacle ? `${builder}: ${describeObstacle(obstacle)}` : [],
      );
      return said.length === 0 ? "for a builder" : `for a builder. ${said.join("; ")}`;
    }
    case "backing-off":
      return `${soon(reason.untilMs)} before another attempt: ${describeLoss(reason.loss)}`;
    case "better-builder":
      return `for ${reason.builder}, which is so much faster, for about ${soon(reason.untilMs)}`;
    case "fairness":
      return `since ${reason.principal} has had less of the builders`;
    case "behind":
      return `behind ${reason.tasks} other build${reason.tasks === 1 ? "" : "s"}`;
    case "stopping":
      return "until it is stopped where it runs";
    case "stopped":
      return "no longer: nothing new is begun";
  }
}
