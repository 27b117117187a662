import { reasonsOf } from "#ledger/placement-words.ts";
import { shortName, some } from "../words.ts";
import type { SummaryOptions } from "./summary-options.ts";

/** No build runs on this machine unseen where others could have had it. */
export function builtHereLines({ builtHere = new Map(), all }: SummaryOptions): string {
  const reasons = Array.from(builtHere, ([drvPath, placement]) => ({ drvPath, why: reasonsOf(placement) }));
  const passedOver = reasons.filter(({ why }) => why.size > 0);
  if (passedOver.length === 0) return "";
  const groups = Map.groupBy(passedOver, ({ why }) =>
    Array.from(why, ([builder, reason]) => `    ${builder}: ${reason}`).join("\n"),
  );
  const parts = [...groups].flatMap(([reasons, builds]) => {
    const names = builds.map(({ drvPath }) => shortName(drvPath));
    return [`  ${all ? names.join(", ") : some(names)}`, reasons];
  });
  return `built on this machine, and why on no builder:\n${parts.join("\n")}\n`;
}
