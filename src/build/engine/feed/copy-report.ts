import type { Clock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { BuildEvent, BuildEventSink } from "../../events.ts";
import type { Holder } from "../site/site.ts";

/** Paths that go together from one store into another, each after what it refers to. */
export interface Consignment {
  readonly from: Holder;
  readonly to: Holder;
  readonly infos: readonly PathInfo[];
}

export interface CopyReportOptions {
  readonly events: BuildEventSink;
  readonly clock: Clock;
  /** Numbers copies, over a whole run. */
  readonly nextId: () => number;
}

/** How far a copy is: the path that comes now, and what has gone so far. */
export interface Tell {
  path(info: PathInfo): void;
  progress(paths: number, bytes: number): void;
}

/** Does `work` between the events that tell of it. */
export async function reportCopy(
  { from, to, infos }: Consignment,
  { events, clock, nextId, route }: CopyReportOptions & Pick<BuildEvent & { kind: "copy-started" }, "route">,
  work: (tell: Tell) => Promise<void>,
): Promise<void> {
  const id = nextId();
  const contents = infos.map(({ path, narSize }) => ({ path, bytes: narSize }));
  const about = { from: from.name, to: to.name, paths: infos.length, bytes: bytesOf(infos), route, contents };
  events({ kind: "copy-started", id, ...about, atMs: clock.now() });
  try {
    await work({
      path: ({ path, narSize }) =>
        events({ kind: "path-started", id, path, bytes: narSize, atMs: clock.now() }),
      progress: (paths, bytes) => events({ kind: "copy-progressed", id, paths, bytes, atMs: clock.now() }),
    });
    events({ kind: "copy-finished", id, atMs: clock.now() });
  } catch (error) {
    events({ kind: "copy-finished", id, atMs: clock.now(), error: messageOf(error) });
    throw error;
  }
}

export function bytesOf(infos: readonly PathInfo[]): number {
  return infos.reduce((sum, { narSize }) => sum + narSize, 0);
}
