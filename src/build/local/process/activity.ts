import { ACTIVITY, type LogSink, VERBOSITY } from "#nix/log-event.ts";
import { nextActivityId } from "#store/activity-id.ts";

/** The activity of one build, as Nix reports it; disposing stops it. */
export function startBuildActivity(
  log: LogSink,
  drv: string,
  verb: string,
): Disposable & { readonly id: number } {
  const id = nextActivityId();
  log({
    kind: "start",
    id,
    level: VERBOSITY.info,
    type: ACTIVITY.build,
    text: `${verb} '${drv}'`,
    // Derivation, machine (none: it is here), round, rounds.
    fields: [drv, "", 1, 1],
    parent: 0,
  });
  return { id, [Symbol.dispose]: () => log({ kind: "stop", id }) };
}
