import { ABSENT, type Check, found, seen } from "../check.ts";
import { cure } from "../cure.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether the builder takes our word for what paths hold. */
export const trust: Check<BuilderCase> = {
  link: "trust",
  needs: ["protocol"],
  look: async (builder) => {
    const { trusted } = await builder.connected();
    if (trusted === undefined) return ABSENT;
    if (trusted) return seen("trusts you");
    const user = builder.route.ssh && (await builder.route.ssh.configuration()).get("user");
    return found("does not trust you", {
      code: "UNTRUSTED",
      severity: "fault",
      seen: `The daemon there does not trust ${user ?? "this user"}`,
      why: "It refuses what is built here and not signed by a key that it knows ('lacks a signature by a trusted key'), and Nix before 2.4 altogether ('you are not privileged to build input-addressed derivations')",
      cure: cure(
        "Trust the user, who can then do there what root can; in the builder's nix.conf",
        `extra-trusted-users = ${user ?? "USER"}`,
        "sudo systemctl restart nix-daemon",
      ),
    });
  },
};
