import { ABSENT, type Check, seen } from "../check.ts";
import { judgeTogether } from "../machine-line/together.ts";
import type { ClientCase } from "./client-case.ts";

/** The machines file, line by line: what each means, and what was meant. */
export const lines: Check<ClientCase> = {
  link: "machines",
  needs: ["builders"],
  look: async (client) => {
    const { machines } = client;
    if (machines.length === 0) return ABSENT;
    const findings = [
      ...machines.flatMap((line) => line.findings),
      ...judgeTogether(machines, (await client.nix())?.version),
    ];
    const bad = machines.filter((line) => line.findings.length > 0).length;
    return seen(
      bad === 0 ? "each field is where it belongs" : `${bad} of ${machines.length} lines at fault`,
      findings,
    );
  },
};
