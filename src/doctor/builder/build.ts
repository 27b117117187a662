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
      sayOf(builder.name, probed),
      probed.flatMap((one) => judgeProbe(one, builder, survey)),
    );
  },
};

function sayOf(builder: string, probed: readonly ProbedSystem[]): string {
  const built = probed.flatMap(({ system, outcome }) => {
    if (outcome.kind !== "built") return [];
    const how = isNative(outcome.report, system) === false ? ", by emulation" : "";
    return [`${(outcome.durationMs / 1000).toFixed(1)} s (${system}${how})`];
  });
  const others = probed.filter(({ outcome }) => outcome.kind !== "built").map(({ system }) => system);
  const failed = others.length > 0 ? [`not built: ${others.join(", ")}`] : [];
  return [
    ...(built.length > 0 ? [`verified: built on ${builder} in ${built.join(", ")}`] : []),
    ...failed,
  ].join("; ");
}
