import { ACTIVITY, type LogEvent, type LogSink, RESULT } from "#nix/log-event.ts";
import type { StoreDir, StorePath } from "#nix/store-path.ts";
import type { FetchSink } from "#store/fetch-event.ts";
import { FetchReader } from "#store/fetch-reader.ts";
import { pathInField } from "#store/log-field.ts";
import type { BuildEventSink } from "../../events.ts";

export interface LogReaderOptions {
  readonly storeDir: StoreDir;
  readonly builder: string;
  readonly events: BuildEventSink;
  readonly now: () => number;
  /** The one derivation that the request is about; undefined when it is about many. */
  readonly only?: StorePath | undefined;
  /** Of many that were handed over this is one; as `only` says where absent. */
  readonly together?: boolean;
  /** Told when the builder says that a build began, and that it, good or bad, came to its end. */
  readonly onBegin?: ((drvPath: StorePath) => void) | undefined;
  readonly onEnd?: ((drvPath: StorePath) => void) | undefined;
  /** Told what the builder fetches from its caches. */
  readonly fetches: FetchSink;
}

/** Turns what a builder says during one request into events about derivations. */
export function readLog(options: LogReaderOptions): LogSink {
  const { events, builder, now, only, together = only === undefined, onBegin, onEnd } = options;
  const building = new Map<number, StorePath>();
  const fetching = new FetchReader({ storeDir: options.storeDir, tell: options.fetches });
  let structured = false;
  return (event: LogEvent) => {
    fetching.take(event);
    switch (event.kind) {
      case "start": {
        if (event.type !== ACTIVITY.build) return;
        structured = true;
        const drvPath = pathInField(event.fields[0], options.storeDir) ?? only;
        if (!drvPath) return;
        building.set(event.id, drvPath);
        onBegin?.(drvPath);
        events({ kind: "build-began", drvPath, builder, together, atMs: now() });
        return;
      }
      case "stop": {
        const drvPath = building.get(event.id);
        building.delete(event.id);
        if (drvPath) onEnd?.(drvPath);
        return;
      }
      case "result": {
        const drvPath = building.get(event.id) ?? (event.type === RESULT.buildLogLine ? only : undefined);
        if (!drvPath) return;
        const text = String(event.fields[0] ?? "");
        if (event.type === RESULT.buildLogLine) events({ kind: "log-line", drvPath, line: text });
        else if (event.type === RESULT.setPhase) events({ kind: "phase", drvPath, phase: text });
        return;
      }
      case "message":
        // The serve protocol has no activities: what comes beside its answers is the build's own output.
        if (only && !structured)
          for (const line of event.text.replace(/\n$/, "").split("\n"))
            events({ kind: "log-line", drvPath: only, line });
        else events({ kind: "message", builder, text: event.text });
        return;
    }
  };
}
