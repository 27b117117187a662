import { ElsewhereError } from "#base/errors.ts";
import type { FileChange } from "./change.ts";
import type { SetupHost } from "./host.ts";

/** How a file becomes what `edit` makes of it; undefined where that is what it is. */
export function changeFile(
  host: SetupHost,
  path: string,
  { edit, mode = 0o644 }: { edit: (text: string) => string; mode?: number },
): FileChange | undefined {
  const before = host.readText(path);
  const after = edit(before ?? "");
  if (after === (before ?? "")) return undefined;
  const fixed = host.whyFixed(path);
  if (fixed !== undefined)
    throw new ElsewhereError("SETUP_DECLARED", `Cannot change '${path}': ${fixed}`, {
      hint: "this machine's configuration is declared: use the module of Elsewhere's flake for it (docs/setup.md)",
    });
  return { kind: "file", path, before, after, mode };
}
