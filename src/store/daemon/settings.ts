import { VERBOSITY } from "#nix/log-event.ts";
import { type ClientSettings, MAX_BUILD_MEMORY } from "#wire/daemon/client-settings.ts";
import type { BuildSettings } from "../realiser.ts";

/**
 * What SetOptions must say for a build. It cannot leave anything out: what the caller leaves open gets Nix's
 * defaults. A limit of memory is only for a server that knows one. Undefined when nothing was chosen, so that the server's own settings hold.
 */
export function clientSettingsOf(
  settings: BuildSettings,
  { limitsMemory = false } = {},
): ClientSettings | undefined {
  if (Object.values(settings).every((value) => value === undefined)) return undefined;
  const overrides = new Map<string, string>();
  if (settings.timeoutS !== undefined) overrides.set("timeout", `${settings.timeoutS}`);
  if (settings.maxLogSizeBytes !== undefined)
    overrides.set("max-build-log-size", `${settings.maxLogSizeBytes}`);
  if (limitsMemory && settings.maxMemoryBytes !== undefined)
    overrides.set(MAX_BUILD_MEMORY, `${settings.maxMemoryBytes}`);
  if (settings.builders !== undefined) overrides.set("builders", settings.builders);
  return {
    keepFailed: settings.keepFailed ?? false,
    keepGoing: settings.keepGoing ?? false,
    fallback: settings.fallback ?? false,
    verbosity: settings.verbosity ?? VERBOSITY.info,
    maxJobs: settings.maxJobs || 1,
    maxSilentTimeS: settings.maxSilentTimeS ?? 0,
    buildLogVerbosity: VERBOSITY.error,
    cores: settings.cores ?? 0,
    useSubstitutes: settings.useSubstitutes ?? true,
    overrides,
  };
}
