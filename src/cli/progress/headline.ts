import type { Style } from "../style.ts";
import { looseFetches } from "./fetch-facts.ts";
import type { Progress } from "./progress.ts";
import { formatRemaining, remainingMs } from "./remaining.ts";
import { displayWidth, fit } from "./width.ts";
import { count, formatElapsed } from "./words.ts";

export interface HeadlineOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly style: Style;
  /** Somebody said stop, and it is being stopped. */
  readonly isStopping: boolean;
}

/** How far it is, in one line. Where there is little room, what matters less is left out. */
export function headline(progress: Progress, options: HeadlineOptions): string {
  const { columns, style, isStopping } = options;
  const parts = isStopping ? stoppingParts(progress) : partsOf(progress, options);
  const bar = columns >= BAR_FROM_COLUMNS ? progressBar(progress, style) : { text: "", width: 0 };
  const shown = new Set(parts);
  const widthOf = () =>
    bar.width +
    [...shown].reduce((sum, { text }) => sum + displayWidth(text), 0) +
    (shown.size - 1) * DOT.length;
  for (const part of parts.toSorted((a, b) => b.rank - a.rank)) {
    if (widthOf() <= columns || shown.size === 1) break;
    shown.delete(part);
  }
  const texts = [...shown].map(({ text, paint }) => (paint ?? same)(fit(text, columns)));
  return bar.text + texts.join(style.dim(DOT));
}

interface Part {
  readonly text: string;
  /** The larger, the sooner it is left out. */
  readonly rank: number;
  readonly paint?: (text: string) => string;
}

function partsOf(progress: Progress, { nowMs, style }: HeadlineOptions): Part[] {
  const { graph, failures, startedMs } = progress;
  const { building, sending, fetching, queued, ready, waiting, ended } = graph.counts;
  const loose = looseFetches(progress);
  const parts: Part[] = [];
  if (graph.nodes.size > 0)
    parts.push({ text: `${ended} of ${graph.nodes.size} done`, rank: 0, paint: style.bold });
  else parts.push({ text: whatComesFirst(progress), rank: 0 });
  if (failures > 0) parts.push({ text: `${failures} failed`, rank: 1, paint: style.bad });
  if (building > 0) parts.push({ text: `${building} building`, rank: 2, paint: style.good });
  if (sending > 0) parts.push({ text: `${sending} sending`, rank: 4, paint: style.warn });
  if (fetching > 0) parts.push({ text: `${fetching} fetching`, rank: 4, paint: style.warn });
  else if (loose.length > 0 && graph.nodes.size > 0)
    parts.push({ text: `fetching ${count(loose.length, "path")}`, rank: 4, paint: style.warn });
  if (queued > 0) parts.push({ text: `${queued} handed over`, rank: 6 });
  if (ready > 0) parts.push({ text: `${ready} ready`, rank: 5 });
  if (waiting > 0) parts.push({ text: `${waiting} waiting`, rank: 8 });
  if (startedMs !== undefined) parts.push({ text: formatElapsed(nowMs - startedMs), rank: 7 });
  const left = remainingMs(progress, nowMs);
  if (left !== undefined) parts.push({ text: formatRemaining(left), rank: 3 });
  return parts;
}

/** Before it is known what is to be built. */
function whatComesFirst({ builders, transfers, fetches, fetched, isPlanned }: Progress): string {
  if (fetches.size > 0) {
    const over = [...fetched.values()].reduce((sum, { paths }) => sum + paths, 0);
    return `fetching ${count(fetches.size, "path")}${over > 0 ? `, ${over} fetched` : ""}`;
  }
  if (transfers.size > 0) return "copying";
  if (isPlanned) return "nothing to build";
  if ([...builders.values()].some(({ state }) => state === "connecting")) return "connecting to the builders";
  return "finding out what there is";
}

function stoppingParts({ graph }: Progress): Part[] {
  const { building, sending, fetching, queued } = graph.counts;
  return [
    { text: "stopping… (again to leave at once)", rank: 0 },
    { text: `${building + sending + fetching + queued} still under way`, rank: 1 },
  ];
}

function progressBar({ graph, failures }: Progress, style: Style): { text: string; width: number } {
  if (graph.nodes.size === 0) return { text: "", width: 0 };
  const { ended, building, sending, fetching } = graph.counts;
  const underWay = building + sending + fetching;
  const cells = (part: number) => Math.floor((part * BAR_CELLS) / graph.nodes.size);
  const done = cells(ended);
  const busy = Math.max(cells(ended + underWay) - done, underWay > 0 && done < BAR_CELLS ? 1 : 0);
  const left = BAR_CELLS - done - busy;
  const paint = failures > 0 ? style.bad : style.good;
  return {
    text: `${paint("━".repeat(done))}${style.warn("━".repeat(busy))}${style.dim("─".repeat(left))}  `,
    width: BAR_CELLS + 2,
  };
}

function same(text: string): string {
  return text;
}

const DOT = " · ";
const BAR_CELLS = 16;
const BAR_FROM_COLUMNS = 76;
