import type { ByteSource } from "#base/byte-reader.ts";
import type { Clock } from "#base/clock.ts";
import { messageOf } from "#base/errors.ts";
import { arriving, type PathInfo } from "#nix/path-info.ts";
import type { IncomingPath } from "#store/store.ts";
import type { BuildEvent, BuildEventSink } from "../../events.ts";
import type { Holder } from "../site/site.ts";
import type { Courier } from "./courier.ts";
import type { Errand } from "./precedence.ts";

export interface TransferOptions {
  readonly courier: Courier;
  readonly events: BuildEventSink;
  readonly clock: Clock;
  /** Numbers copies, over a whole run. */
  readonly nextId: () => number;
  /** Nobody waits for it yet: it stands still while others are sent that somebody waits for. */
  readonly errand?: Errand;
}

/** The store that was to send did not: another may. */
export class SourceFault extends Error {
  readonly source: Holder;

  constructor(source: Holder, cause: unknown) {
    super(messageOf(cause), { cause });
    this.source = source;
  }
}

/** Copies paths, each after what it refers to: straight between two builders that reach each other, else by a stream through here. */
export async function transfer(
  from: Holder,
  to: Holder,
  infos: readonly PathInfo[],
  options: TransferOptions,
): Promise<void> {
  await options.errand?.turn();
  // Nix before 2.15 takes a derivation's path for its outputs.
  const isPushable = options.courier.mayReach(from, to) && !infos.some(({ path }) => path.endsWith(".drv"));
  if (isPushable && (await sendDirect(from, to, infos, options))) return;
  await report(
    from,
    to,
    infos,
    { ...options, route: from.peer && to.peer ? "through-here" : "direct" },
    (tell) => stream(from, to, infos, { tell, errand: options.errand }),
  );
}

async function sendDirect(
  from: Holder,
  to: Holder,
  infos: readonly PathInfo[],
  options: TransferOptions,
): Promise<boolean> {
  let isDone = false;
  await report(from, to, infos, { ...options, route: "direct" }, async (tell) => {
    isDone = await options.courier.send(from, to, infos);
    if (isDone) tell.progress(infos.length, bytesOf(infos));
    else throw new Unreached(`${from.name} does not reach ${to.name}`);
  }).catch((error) => {
    if (!(error instanceof Unreached)) throw error;
  });
  return isDone;
}

class Unreached extends Error {}

/** How far a copy is: the path that comes now, and what has gone so far. */
interface Tell {
  path(info: PathInfo): void;
  progress(paths: number, bytes: number): void;
}

/** Does `work` between the events that tell of it. */
async function report(
  from: Holder,
  to: Holder,
  infos: readonly PathInfo[],
  { events, clock, nextId, route }: TransferOptions & Pick<BuildEvent & { kind: "copy-started" }, "route">,
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

async function stream(
  from: Holder,
  to: Holder,
  infos: readonly PathInfo[],
  { tell, errand }: { tell: Tell; errand: Errand | undefined },
): Promise<void> {
  const fault: SourceError = {};
  const paths = inTransit(from.store.narsFromPaths(infos), fault, tell);
  try {
    await to.store.addPaths(errand ? errand.pace(paths) : paths, {
      checkSignatures: false,
      paths: infos.map(({ path }) => path),
    });
  } catch (error) {
    throw "error" in fault ? new SourceFault(from, fault.error) : error;
  }
}

/** What the source of a stream threw; whoever takes the stream may throw something else for it. */
interface SourceError {
  error?: unknown;
}

async function* inTransit(
  source: AsyncIterable<IncomingPath>,
  fault: SourceError,
  tell: Tell,
): AsyncGenerator<IncomingPath> {
  const sent = { paths: 0, bytes: 0 };
  const more = (bytes: number) => {
    sent.bytes += bytes;
    tell.progress(sent.paths, sent.bytes);
  };
  try {
    for await (const { info, nar } of source) {
      tell.path(info);
      // What vouches for it is that we asked.
      yield { info: arriving(info), nar: counted(nar, fault, more) };
      sent.paths++;
    }
  } catch (error) {
    fault.error ??= error;
    throw error;
  }
  more(0);
}

async function* counted(nar: ByteSource, fault: SourceError, more: (bytes: number) => void): ByteSource {
  let untold = 0;
  try {
    for await (const chunk of nar) {
      untold += chunk.length;
      if (untold >= PROGRESS_EVERY_BYTES) {
        more(untold);
        untold = 0;
      }
      yield chunk;
    }
  } catch (error) {
    fault.error ??= error;
    throw error;
  }
  if (untold > 0) more(untold);
}

function bytesOf(infos: readonly PathInfo[]): number {
  return infos.reduce((sum, { narSize }) => sum + narSize, 0);
}

const PROGRESS_EVERY_BYTES = 1 << 20;
