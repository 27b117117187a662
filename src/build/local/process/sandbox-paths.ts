import { statSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import type { Mount } from "#sandbox/sandbox.ts";

/** One entry of `sandbox-paths`. */
export interface SandboxPath {
  readonly source: string;
  readonly target: string;
  /** Left out where it does not exist. */
  readonly optional: boolean;
}

/** `/dev/fuse`, `/bin/sh=/nix/store/…-busybox/bin/busybox`, either with `?` at its end. */
export function parseSandboxPath(text: string): SandboxPath {
  const optional = text.endsWith("?");
  const entry = optional ? text.slice(0, -1) : text;
  const cut = entry.indexOf("=");
  const target = cut < 0 ? entry : entry.slice(0, cut);
  const source = cut < 0 ? entry : entry.slice(cut + 1);
  if (!target.startsWith("/") || !source.startsWith("/"))
    throw new ElsewhereError("SANDBOX_PATH", `Cannot use the sandbox path '${text}': want absolute paths`, {
      hint: "Write PATH or TARGET=SOURCE in sandbox-paths",
    });
  return { source, target, optional };
}

/**
 * The mount of an entry; undefined for an optional one that is not there. What a build user of Nix could
 * not have written is read-only: our builder may be the owner of it.
 */
export function mountOf({ source, target, optional }: SandboxPath): Mount | undefined {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats) return { source, target, writable: stats.isDirectory() && (stats.mode & SHARED_WRITE) !== 0 };
  if (optional) return undefined;
  throw new ElsewhereError("SANDBOX_PATH", `Cannot show '${source}' in the sandbox: it does not exist`, {
    hint: `Take it out of sandbox-paths, or write '${target}?' to leave it out where it is missing`,
  });
}

const SHARED_WRITE = 0o022;
