import { formatBytes } from "#base/format-bytes.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { CopyEvent } from "#store/copy.ts";
import type { Terminal } from "../terminal.ts";
import { fit } from "./width.ts";
import { count, shortName } from "./words.ts";

/** Shows a copy as it goes: one line that is rewritten on a terminal, one line at the end. */
export function copyMeter(
  terminal: Terminal,
  { quiet, from, to }: { quiet: boolean; from: string; to: string },
): { readonly take: (event: CopyEvent) => void; readonly finish: (sent: readonly PathInfo[]) => void } {
  const live = terminal.live && !quiet;
  let total = { paths: 0, bytes: 0 };
  let done = { paths: 0, bytes: 0 };
  let shownMs = 0;
  const show = (name: string) => {
    if (!live || Date.now() - shownMs < FRAME_MS) return;
    shownMs = Date.now();
    const share = `${done.paths}/${total.paths} paths, ${formatBytes(done.bytes)} of ${formatBytes(total.bytes)}`;
    terminal.error(`\r\x1b[K${fit(`${share}  ${name}`, terminal.columns() - 1)}`);
  };
  return {
    take: (event) => {
      if (event.kind === "planned") total = { paths: event.paths.length, bytes: event.bytes };
      else if (event.kind === "bytes-copied") done = { ...done, bytes: done.bytes + event.bytes };
      else if (event.kind === "path-finished") done = { ...done, paths: done.paths + 1 };
      if (event.kind === "path-started") show(shortName(event.info.path));
      else if (event.kind === "bytes-copied") show(shortName(event.path));
    },
    finish: (sent) => {
      if (live) terminal.error("\r\x1b[K");
      if (quiet) return;
      const bytes = sent.reduce((sum, { narSize }) => sum + narSize, 0);
      terminal.error(
        sent.length === 0
          ? `everything is in ${to} already\n`
          : `copied ${count(sent.length, "path")} (${formatBytes(bytes)}) from ${from} to ${to}\n`,
      );
    },
  };
}

const FRAME_MS = 100;
