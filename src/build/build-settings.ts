import type { Settings } from "#nix/settings.ts";
import type { BuildSettings } from "#store/realiser.ts";

/** What nix.conf wants of every build. Where it sets no limit, the builder's own holds. */
export function buildSettingsOf(settings: Settings): BuildSettings {
  const positive = (value: number) => (value > 0 ? value : undefined);
  const all = {
    maxSilentTimeS: positive(settings["max-silent-time"]),
    timeoutS: positive(settings.timeout),
    maxLogSizeBytes: positive(settings["max-build-log-size"]),
    maxMemoryBytes: positive(settings["max-build-memory"]),
    cores: settings.cores,
    keepFailed: settings["keep-failed"],
    keepGoing: settings["keep-going"],
    fallback: settings.fallback,
    useSubstitutes: settings.substitute,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as BuildSettings;
}
