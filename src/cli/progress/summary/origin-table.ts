import type { Origin } from "#build/events.ts";
import { formatTable } from "../../table.ts";
import type { Progress } from "../progress.ts";
import { count, shortName } from "../words.ts";
import { ROWS_MAX, type SummaryOptions } from "./summary-options.ts";

/** Where each path that was asked for came from. */
export function originTable({ origins, lies }: Progress, { columns, all }: SummaryOptions): string {
  if (origins.size === 0) return "";
  if (!all && origins.size > ROWS_MAX) return `${sumOfOrigins([...origins.values()])}\n`;
  const rows = [...origins].map(([path, origin]) => [shortName(path), describeOrigin(origin)]);
  if (lies.size === 0) return formatTable(["asked for", "came from"], rows, columns);
  const places = [...origins.keys()].map((path) => lies.get(path) ?? "here");
  const placed = rows.map((row, index) => [...row, places[index]!]);
  return formatTable(["asked for", "came from", "lies on"], placed, columns);
}

/** `100 paths: 98 built on ssh://a, 2 already there`. */
function sumOfOrigins(origins: readonly Origin[]): string {
  const sums = new Map<string, number>();
  for (const origin of origins) {
    const words = describeOrigin(origin);
    sums.set(words, (sums.get(words) ?? 0) + 1);
  }
  const parts = [...sums].map(([words, number]) => `${number} ${words}`);
  return `${count(origins.length, "path")} asked for: ${parts.join(", ")}; each with -v`;
}

function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "already-there":
      return `already there`;
    case "built":
      return `built on ${origin.builder}`;
    case "substituted":
      return `${origin.from ? `substituted from ${origin.from}` : `substituted by ${origin.builder}`}${signers(origin)}`;
    case "copied":
      return `copied from ${origin.from}`;
  }
}

function signers({ signedBy = [] }: Extract<Origin, { kind: "substituted" }>): string {
  return signedBy.length > 0 ? `, signed by ${signedBy.join(" and ")}` : "";
}
