import { formatBytes } from "#base/format-bytes.ts";
import type { Style } from "../style.ts";
import { type BuilderLoad, slotsInUse } from "./builder-load.ts";
import { sharesOf } from "./fetch.ts";
import type { Progress } from "./progress.ts";
import { rateOf, type Transfer } from "./transfer.ts";
import { displayWidth, fit, pad } from "./width.ts";
import { count, formatShare, tame } from "./words.ts";

export interface LoadLineOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly rowsMax: number;
  readonly style: Style;
  readonly labelOf: (builder: string) => string;
}

/** A line for each builder: what of it is in use, what moves to it and from it. The busiest first when not all have room. */
export function loadLines(progress: Progress, options: LoadLineOptions): string[] {
  const { columns, rowsMax, style, labelOf, nowMs } = options;
  const known = [...progress.builders.values()];
  const isAll = known.length <= rowsMax;
  const shown = isAll ? known : mostTelling(known).slice(0, Math.max(0, rowsMax - 1));
  const nameWidth = Math.min(
    Math.max(0, ...shown.map(({ name }) => displayWidth(labelOf(name)))),
    columns / 3,
  );
  const moves = { transfers: [...progress.transfers.values()], fetches: [...progress.fetches.values()] };
  const lines = shown.map((load) => {
    const name = pad(labelOf(load.name), Math.floor(nameWidth));
    const facts = factsOf(load, moves, nowMs);
    const room = columns - displayWidth(name) - GAP.length;
    if (load.state === "down") return `${style.warn(name)}${GAP}${style.warn(fit(facts, room))}`;
    const bar = columns < BAR_FROM_COLUMNS ? { text: "", width: 0 } : slotBar(load, style);
    return `${name}${GAP}${bar.text}${fit(facts, room - bar.width)}`;
  });
  if (!isAll && rowsMax > 0) lines.push(style.dim(fit(restOf(known, shown), columns)));
  return lines;
}

function factsOf(load: BuilderLoad, { transfers, fetches }: Moves, nowMs: number): string {
  if (load.state === "connecting") return "connecting";
  if (load.state === "down")
    return `down: ${tame((load.fault ?? "").split("\n", 1)[0]!, { colours: false })}`;
  const used = slotsInUse(load);
  const parts = [load.slots > 0 ? `${used} of ${load.slots}` : String(used)];
  if (load.queued > 0) parts.push(`${load.queued} handed over`);
  const to = transfers.filter((transfer) => transfer.to === load.name);
  const from = transfers.filter((transfer) => transfer.from === load.name);
  if (to.length > 0) parts.push(moving("↑", to, nowMs));
  if (from.length > 0) parts.push(moving("↓", from, nowMs));
  const fetched = fetches.filter((fetch) => fetch.to === load.name);
  if (fetched.length > 0) parts.push(moving("fetching", fetched, nowMs));
  return parts.join("   ");
}

/** What moves in a run. */
interface Moves {
  readonly transfers: readonly Transfer[];
  readonly fetches: readonly Transfer[];
}

/** `↑ 3.1 of 10 MiB, 1.2 MiB/s`. */
function moving(how: string, transfers: readonly Transfer[], nowMs: number): string {
  const { bytes, done } = sharesOf(transfers);
  const rate = rateOf(transfers, nowMs);
  const share = bytes > 0 ? formatShare(done, bytes) : count(transfers.length, "path");
  return `${how} ${share}${rate >= 1 ? `, ${formatBytes(rate)}/s` : ""}`;
}

/** A mark for each slot: building, being fed, free. Of a builder with very many the figures must do. */
function slotBar(load: BuilderLoad, style: Style): { text: string; width: number } {
  const { state, slots, building } = load;
  if (state !== "up" || slots === 0 || slots > SLOTS_DRAWN) return { text: "", width: 0 };
  const busy = Math.min(building, slots);
  const fed = Math.min(slotsInUse(load) - building, slots - busy);
  const marks = [
    style.good("■".repeat(busy)),
    style.warn("▪".repeat(fed)),
    style.dim("·".repeat(slots - busy - fed)),
  ];
  return { text: marks.join("") + GAP, width: slots + GAP.length };
}

/** Down ones first, for they are news; then by what they have to do. */
function mostTelling(loads: readonly BuilderLoad[]): BuilderLoad[] {
  const weight = (load: BuilderLoad) =>
    slotsInUse(load) * 2 + (load.queued > 0 ? 1 : 0) + (load.state === "down" ? 1.5 : 0);
  return loads.toSorted((a, b) => weight(b) - weight(a));
}

function restOf(known: readonly BuilderLoad[], shown: readonly BuilderLoad[]): string {
  const rest = known.filter((load) => !shown.includes(load));
  const down = rest.filter(({ state }) => state === "down").length;
  const busy = rest.reduce((sum, load) => sum + slotsInUse(load), 0);
  const parts = [`and ${count(rest.length, "builder")} more`, `${busy} building there`];
  if (down > 0) parts.push(`${down} down`);
  return parts.join(", ");
}

const GAP = "  ";
const SLOTS_DRAWN = 16;
/** From what width on there is room for bars beside the figures. */
const BAR_FROM_COLUMNS = 70;
