import { formatBytes } from "#base/format-bytes.ts";
import type { BuildSettings, Realiser } from "#store/realiser.ts";
import type { BuildEventSink } from "../../events.ts";

/** Says of each builder that keeps no limit of memory, once a run and before anything is built there, that it keeps none. */
export class LimitWarnings {
  readonly #options: { readonly settings: BuildSettings; readonly events: BuildEventSink };
  readonly #warned = new Set<string>();

  constructor(options: { readonly settings: BuildSettings; readonly events: BuildEventSink }) {
    this.#options = options;
  }

  async look(builder: string, realiser: Realiser): Promise<void> {
    const { settings, events } = this.#options;
    const { maxMemoryBytes } = settings;
    if (!maxMemoryBytes || this.#warned.has(builder)) return;
    if ((await realiser.keepsMemoryLimit?.(maxMemoryBytes)) ?? true) return;
    this.#warned.add(builder);
    const text = `no build is held to ${formatBytes(maxMemoryBytes)} of memory there: only Elsewhere's own builders can be told to`;
    events({ kind: "message", builder, text, isWarning: true });
  }
}
