import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { Fix } from "./fix.ts";
import { systemFiles } from "./outside/system-files.ts";

/** A fix with what it would make of its file. */
export interface PreparedFix {
  readonly fix: Fix;
  /** Undefined where there is no file yet, and for a fix that changes no contents. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Looks at the file as it is now. Throws where it is no longer as it was when it was judged. */
export function prepareFix(fix: Fix): PreparedFix {
  if (fix.kind === "chmod") return { fix, before: undefined, after: undefined };
  refuseGenerated(fix.file);
  const before = systemFiles.readText(fix.file);
  if (fix.line === undefined) {
    const ending = before === undefined || before === "" || before.endsWith("\n") ? "" : "\n";
    return { fix, before, after: `${before ?? ""}${ending}${fix.after}\n` };
  }
  const lines = (before ?? "").split("\n");
  if (lines[fix.line - 1] !== fix.before)
    throw new ElsewhereError(
      "FIX_STALE",
      `Cannot mend ${fix.file}: its line ${fix.line} has changed meanwhile`,
      {
        hint: "run 'elsewhere doctor' again",
      },
    );
  lines[fix.line - 1] = fix.after;
  return { fix, before, after: lines.join("\n") };
}

/** A file that a NixOS or nix-darwin configuration makes is changed there, or the change is lost. */
function refuseGenerated(file: string): void {
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new ElsewhereError("FIX_GENERATED", `Cannot mend ${file}: it is a link to ${readlinkSync(file)}`, {
    hint: "change what makes it: on NixOS and nix-darwin, nix.buildMachines and nix.settings",
  });
}

/** Does it. Returns where what was there before is kept, if anything was. */
export function applyFix({ fix, before, after }: PreparedFix, nowMs: number): string | undefined {
  if (fix.kind === "chmod") {
    chmodSync(fix.file, fix.mode);
    return undefined;
  }
  if (systemFiles.readText(fix.file) !== before)
    throw new ElsewhereError("FIX_STALE", `Cannot mend ${fix.file}: it has changed meanwhile`);
  const backup = before === undefined ? undefined : `${fix.file}.before-${stamp(nowMs)}`;
  // Of several fixes at once the first has kept what was there before all of them.
  if (backup !== undefined && !existsSync(backup)) copyFileSync(fix.file, backup);
  writeWhole(fix.file, after!);
  return backup;
}

/** Whole or not at all, with the mode that the file has. */
function writeWhole(file: string, text: string): void {
  const mode = systemFiles.stat(file)?.mode ?? 0o600;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  const fd = openSync(fresh, "wx", mode);
  try {
    writeFileSync(fd, text, "latin1");
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, file);
}

function stamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\..*$/g, "");
}
