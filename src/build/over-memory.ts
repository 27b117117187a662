/** How every builder of ours says, and every client of ours hears, that a build went beyond its limit of memory: no protocol has a status for it. */
export const OVER_MEMORY = "used more than";

/** Whether a builder's words say so. */
export function saysOverMemory(message: string): boolean {
  return SAID.test(message);
}

const SAID = new RegExp(`^building derivation '[^']*' ${OVER_MEMORY} [0-9.]+ [KMGT]?i?B of memory$`, "m");
