import { formatBytes } from "#base/format-bytes.ts";
import { ABSENT, type Check, seen } from "../check.ts";
import { cure } from "../cure.ts";
import { MEMORY_LOW_BYTES } from "../limits.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Memory of the builder that is not in use. */
export const memory: Check<BuilderCase> = {
  link: "memory",
  needs: ["login"],
  look: async (builder) => {
    if (!builder.route.ssh) return ABSENT;
    const { availableMemoryBytes: bytes } = (await builder.survey()).survey;
    if (bytes === undefined) return ABSENT;
    return seen(`${formatBytes(bytes)} available`, [
      bytes >= MEMORY_LOW_BYTES
        ? undefined
        : {
            code: "MEMORY_LOW",
            severity: "warning",
            seen: `The builder has ${formatBytes(bytes)} of memory left`,
            why: "The kernel ends a compiler that wants more ('failed due to signal 9')",
            cure: cure("Give it fewer jobs (field 4 of its line) or cores, or swap", "free -h", "cores = 2"),
          },
    ]);
  },
};
