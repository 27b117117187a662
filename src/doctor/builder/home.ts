import { ElsewhereError, messageOf } from "#base/errors.ts";
import { ABSENT, type Check, found } from "../check.ts";
import { cure } from "../cure.ts";
import type { BuilderCase } from "./builder-case.ts";

/** Whether there is a store here that outputs can come home to. */
export const home: Check<BuilderCase> = {
  link: "home",
  look: async ({ home }) => {
    try {
      await home();
      return ABSENT;
    } catch (error) {
      return found("no store here", {
        code: "HOME_STORE",
        severity: "fault",
        seen: messageOf(error),
        why: "What is built elsewhere must come home to a store",
        cure: cure(
          (error instanceof ElsewhereError && error.hint) || "Name a store that you may write",
          "elsewhere doctor --store ~/store",
        ),
      });
    }
  },
};
