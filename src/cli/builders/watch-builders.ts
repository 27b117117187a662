import { mkdirSync } from "node:fs";
import { systemClock } from "#base/clock.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { FolderWatch } from "#ledger/log/folder-watch.ts";
import type { CommandContext } from "../command-context.ts";
import { styleFor } from "../style.ts";
import { askBuilders, type StatusSources, statusOf } from "./builder-status.ts";
import { builderTable } from "./builder-table.ts";

/** Shows the builders and draws them anew whenever something changes, until it is interrupted. */
export async function watchBuilders(
  { services, terminal, signal }: CommandContext,
  sites: readonly BuildSite[],
  sources: StatusSources,
): Promise<void> {
  const stateDir = services.stateDir();
  mkdirSync(stateDir, { recursive: true });
  const style = styleFor(terminal.colours.output);
  let answers = await askBuilders(sites, signal);
  let askedMs = systemClock.now();
  using watch = new FolderWatch([stateDir], { signal, idleMs: TICK_MS });
  await terminal.print(ENTER);
  try {
    for (;;) {
      const nowMs = systemClock.now();
      if (nowMs - askedMs > ASK_EVERY_MS) {
        answers = await askBuilders(sites, signal);
        askedMs = systemClock.now();
      }
      const builders = await statusOf(sites, answers, sources);
      const table = builderTable(builders, { nowMs, style, columns: terminal.outputColumns() });
      await terminal.print(frameOf(table, terminal.outputColumns()));
      await watch.next();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await terminal.print(LEAVE);
  }
}

/** Each line cut to the terminal, since one that wraps would push the others away. */
function frameOf(table: string, columns: number | undefined): string {
  const lines = table.split("\n").map((line) => (columns === undefined ? line : cut(line, columns)));
  return `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join("\n")}${CLEAR_BELOW}`;
}

/** At most `columns` visible characters; escape codes take none. */
function cut(line: string, columns: number): string {
  let seen = 0;
  return line.replace(/(\x1b\[[0-9;]*m)|./gu, (char, code: string | undefined) => {
    if (code !== undefined) return code;
    seen++;
    return seen < columns || (seen === columns && line.length <= columns)
      ? char
      : seen === columns
        ? "…"
        : "";
  });
}

/** Durations of what runs grow. */
const TICK_MS = 1000;
/** How often the builders are asked whether they answer. */
const ASK_EVERY_MS = 30_000;
/** A screen of its own, without a cursor; and back to what was there. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
