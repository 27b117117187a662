import type { ClientSettings } from "#wire/daemon/client-settings.ts";

/** What a client's `SetOptions` says that has set nothing. */
export const PLAIN_SETTINGS: ClientSettings = {
  keepFailed: false,
  keepGoing: false,
  fallback: false,
  verbosity: 3,
  maxJobs: 1,
  maxSilentTimeS: 0,
  buildLogVerbosity: 0,
  cores: 0,
  useSubstitutes: true,
  overrides: new Map(),
};
