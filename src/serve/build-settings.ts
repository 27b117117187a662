import type { BuildSettings } from "#store/realiser.ts";

/** Settings where 0 means that there is no limit, as both protocols send them. */
export interface SentLimits {
  readonly maxSilentTimeS: number;
  readonly timeoutS: number;
  readonly maxLogSizeBytes: number;
  readonly maxMemoryBytes: number;
}

/** Those limits that are set: what is not is the builder's own affair. */
export function limitsOf(sent: Partial<SentLimits>): BuildSettings {
  return {
    ...(sent.maxSilentTimeS ? { maxSilentTimeS: sent.maxSilentTimeS } : {}),
    ...(sent.timeoutS ? { timeoutS: sent.timeoutS } : {}),
    ...(sent.maxLogSizeBytes ? { maxLogSizeBytes: sent.maxLogSizeBytes } : {}),
    ...(sent.maxMemoryBytes ? { maxMemoryBytes: sent.maxMemoryBytes } : {}),
  };
}
