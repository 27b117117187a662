import type { ConfLine } from "#nix/conf.ts";
import { type ResolvedSettings, resolveSettings } from "#nix/settings.ts";
import type { HostFacts } from "#nix/system.ts";

/**
 * What the settings that Nix told its hook come to, with those that are Elsewhere's own and that Nix knows nothing of as they
 * are written. What means nothing to a hook may have any value.
 */
export function hookSettingsOf(
  { sent, written }: { sent: ReadonlyMap<string, string>; written: readonly ConfLine[] },
  facts: HostFacts,
): ResolvedSettings {
  const own = written.filter(({ name }) => OWN.has(name));
  const lines = MEANT.flatMap((name) => {
    const value = sent.get(name);
    return value === undefined ? [] : [{ name, value, file: "what Nix told its build hook", line: 1 }];
  });
  return resolveSettings([...lines, ...own], facts);
}

const OWN: ReadonlySet<string> = new Set(["audit", "max-build-memory"]);
const MEANT = [
  "always-allow-substitutes",
  "auto-optimise-store",
  "builders",
  "builders-use-substitutes",
  "connect-timeout",
  "cores",
  "experimental-features",
  "extra-platforms",
  "fallback",
  "fsync-metadata",
  "fsync-store-paths",
  "keep-failed",
  "keep-going",
  "max-build-log-size",
  "max-silent-time",
  "store",
  "substitute",
  "system",
  "system-features",
  "timeout",
] as const;
