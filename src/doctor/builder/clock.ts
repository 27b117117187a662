import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import { CLOCK_OFF_S } from "../limits.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether the builder's clock goes as ours does, by its shell or by the times of a build. */
export const clock: Check<BuilderCase> = {
  link: "clock",
  needs: ["login"],
  look: async (builder) => {
    const off = (await byShell(builder)) ?? (await byBuild(builder));
    if (off === undefined) return ABSENT;
    if (Math.abs(off) < CLOCK_OFF_S) return seen("goes as the one here");
    const amount = `${inWords(Math.abs(off))} ${off > 0 ? "fast" : "slow"}`;
    return found(amount, {
      code: "CLOCK_OFF",
      severity: "warning",
      seen: `The builder's clock is ${amount}, beside the one here`,
      why: "Certificates seem not yet valid or expired, `make` builds too much or too little, and histories tell nonsense",
      cure: cure("Set whichever is wrong by the network", "sudo timedatectl set-ntp true", "date -u"),
    });
  },
};

async function byShell(builder: BuilderCase): Promise<number | undefined> {
  if (!builder.route.ssh) return undefined;
  const { seconds } = (await builder.survey()).survey;
  return seconds === undefined ? undefined : seconds - builder.outside.clock.now() / 1000;
}

/** The build began between two times of ours; how far outside of them it says that it did. Seconds. */
async function byBuild(builder: BuilderCase): Promise<number | undefined> {
  for (const { outcome } of await builder.probed().catch(() => [])) {
    if (outcome.kind !== "built" || outcome.builderSaysMs === undefined) continue;
    const [fromMs, toMs] = outcome.betweenMs;
    if (outcome.builderSaysMs > toMs) return (outcome.builderSaysMs - toMs) / 1000;
    // It tells whole seconds, cut off.
    return Math.min(0, outcome.builderSaysMs + 1000 - fromMs) / 1000;
  }
  return undefined;
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}
