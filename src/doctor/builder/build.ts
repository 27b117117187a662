import { isNative } from "#build/probe/probe-report.ts";
import { type Check, seen } from "../check.ts";
import type { BuilderCase } from "./builder-case.ts";
import { judgeProbe } from "./judge-probe.ts";
import type { ProbedSystem } from "./probing.ts";

/** The proof: builds that nobody has done before, one for each system, and what they made is here. */
export const build: Check<BuilderCase> = {
  link: "build",
  needs: ["protocol"],
  look: async (builder) => {
    const probed = await builder.probed();
    const survey = builder.route.ssh ? (await builder.survey()).survey : undefined;
    return seen(
      probed.map(sayOf).join(", "),
      probed.flatMap((one) => judgeProbe(one, builder, survey)),
    );
  },
};

function sayOf({ system, outcome }: ProbedSystem): string {
  if (outcome.kind !== "built") return `${system} not built`;
  const how = isNative(outcome.report, system) === false ? " by emulation" : "";
  return `verified: ${system} built${how} in ${(outcome.durationMs / 1000).toFixed(1)} s`;
}
