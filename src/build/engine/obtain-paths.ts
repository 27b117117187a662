import type { Clock } from "#base/clock.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { copyClosure } from "#store/copy.ts";
import type { BuildEventSink, Origin } from "../events.ts";
import { Fetches } from "./feed/fetches.ts";
import type { BuildSite, ConnectedSite, Holder } from "./site/site.ts";
import { takeFromCaches } from "./supply/substitution.ts";

export interface ObtainOptions {
  readonly destination: Holder;
  readonly sites: readonly BuildSite[];
  /** The destination may take what it lacks from its own binary caches. */
  readonly substitute: boolean;
  readonly events: BuildEventSink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Makes store paths valid that nobody says how to build: they are there, or a cache of the destination has
 * them, or a builder does. Throws when one cannot be had.
 */
export async function obtainPaths(
  paths: readonly StorePath[],
  options: ObtainOptions,
): Promise<Map<StorePath, Origin>> {
  const { destination, events } = options;
  const origins = new Map<StorePath, Origin>();
  const note = (path: StorePath, origin: Origin) => {
    origins.set(path, origin);
    events({ kind: "path-ready", path, origin });
  };
  for (const path of await destination.store.queryValidPaths(paths))
    note(path, { kind: "already-there", store: destination.name });
  const missing = () => paths.filter((path) => !origins.has(path));
  if (missing().length > 0 && options.substitute) {
    using fetches = new Fetches(options).into(destination.name);
    for (const [path, source] of await takeFromCaches(destination.store, missing(), fetches.take))
      note(path, { kind: "substituted", builder: destination.name, ...source });
  }
  const faults: string[] = [];
  for (const site of options.sites.filter(({ traits }) => !traits.local)) {
    if (missing().length === 0) break;
    const found = await copyFrom(site, missing(), options).catch((error) => {
      options.signal.throwIfAborted();
      faults.push(`  ${site.traits.name}: ${messageOf(error)}`);
      return [];
    });
    for (const path of found) note(path, { kind: "copied", from: site.traits.name });
  }
  if (missing().length > 0) throw notToBeHad(missing(), options, faults);
  return origins;
}

async function copyFrom(
  site: BuildSite,
  paths: readonly StorePath[],
  { destination, events, clock, signal }: ObtainOptions,
): Promise<readonly StorePath[]> {
  const { name } = site.traits;
  events({ kind: "builder-connecting", builder: name, atMs: clock.now() });
  await using connected: ConnectedSite = await site.connect(signal);
  events({ kind: "builder-up", builder: name, slots: site.traits.maxJobs, atMs: clock.now() });
  const held = [...(await connected.store.queryValidPaths(paths))];
  // What vouches for it is that the builder is ours.
  if (held.length > 0)
    await copyClosure(connected.store, destination.store, held, { checkSignatures: false, signal });
  return held;
}

function notToBeHad(
  paths: readonly StorePath[],
  { destination, sites }: ObtainOptions,
  faults: readonly string[],
): ElsewhereError {
  const [first] = paths.map((path) => printStorePath(destination.store.storeDir, path));
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : "";
  const asked = sites.some(({ traits }) => !traits.local) ? ", and no builder does" : "";
  return new ElsewhereError(
    "PATH_MISSING",
    [
      `Cannot find '${first}'${more}: ${destination.name} does not have it, no cache of it has it in a form that it trusts${asked}`,
      ...faults,
    ].join("\n"),
    { hint: "name a cache with --option extra-substituters URL, or the derivation that makes it" },
  );
}
