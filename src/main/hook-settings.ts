import { type ResolvedSettings, resolveSettings } from "#nix/settings.ts";
import type { HostFacts } from "#nix/system.ts";

/** What the settings that Nix told its hook come to. Those that mean nothing to a hook may have any value. */
export function hookSettingsOf(sent: ReadonlyMap<string, string>, facts: HostFacts): ResolvedSettings {
  const lines = MEANT.flatMap((name) => {
    const value = sent.get(name);
    return value === undefined ? [] : [{ name, value, file: "what Nix told its build hook", line: 1 }];
  });
  return resolveSettings(lines, facts);
}

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
