import { formatBytes } from "#base/format-bytes.ts";
import type { Progress } from "../progress.ts";
import { count } from "../words.ts";

/** What was taken from binary caches, and what one of them did not give whole. */
export function fetchLines({ fetched }: Progress): string {
  const lines = Array.from(fetched, ([cache, { paths, bytes, failed }]) => {
    const fault = failed > 0 ? `; ${count(failed, "path")} did not come whole` : "";
    return `fetched ${count(paths, "path")} (${formatBytes(bytes)}) from ${cache}${fault}\n`;
  });
  return lines.join("");
}
