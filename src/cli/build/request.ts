import { systemClock } from "#base/clock.ts";
import { buildSettingsOf } from "#build/build-settings.ts";
import type { RealiseRequest } from "#build/engine/realise-request.ts";
import type { BuilderBook } from "#build/engine/site/builder-book.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import { siteProbe } from "#build/probe/site-probe.ts";
import { recall } from "#ledger/recall.ts";
import type { Derivation } from "#nix/derivation.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { StorePath } from "#nix/store-path.ts";
import { type Estimates, noEstimates } from "#schedule/estimate.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "../command-context.ts";
import { namedSites } from "../named-sites.ts";
import { storeUri } from "../store-uri.ts";
import type { BuildFlags } from "./build-flags.ts";
import { gatherInput } from "./input.ts";

export interface PreparedRequest extends AsyncDisposable {
  readonly request: Omit<RealiseRequest, "events">;
  /** Store paths that shall be valid, and nobody says how to build. */
  readonly paths: readonly StorePath[];
}

/** Opens the stores, finds out what is asked for, and lists who could build it. */
export async function prepareRequest(
  context: CommandContext,
  given: { installables: readonly string[]; flags: BuildFlags; settings: ResolvedSettings },
): Promise<PreparedRequest> {
  const { services, signal, terminal } = context;
  const { flags, settings } = given;
  const opened: AsyncDisposable[] = [];
  try {
    const warn = (text: string) => terminal.error(`warning: ${text}\n`);
    const destination = await services.openStore(storeUri(flags.store), settings, warn);
    opened.push(destination);
    const evalStore =
      flags.evalStore === undefined
        ? undefined
        : await services.openStore(storeUri(flags.evalStore), settings, warn);
    if (evalStore) opened.push(evalStore);
    const gathering = gatherInput(context, { ...given, destination, evalStore });
    gathering.catch(() => undefined);
    const sites = await sitesOf(context, destination, settings);
    const book = await services.builderBook();
    // With nothing built here builders will be needed, most likely: they connect while Nix evaluates.
    if (settings.settings["max-jobs"] === 0) opened.push(...prepareSites(sites, book));
    const input = await gathering;
    const holder = { name: destination.uri, store: destination };
    const drvStore =
      input.drvStore === destination ? holder : { name: input.drvStore.uri, store: input.drvStore };
    const slots = await services.slots();
    opened.push(slots);
    const request = {
      graph: input.graph,
      wishes: input.wishes,
      drvStore,
      destination: holder,
      sites,
      estimates: await estimatesFor(context, input.graph, { sites, book }),
      scheduler: scoringScheduler,
      policy: { attemptsMax: ATTEMPTS_MAX, othersMax: OTHERS_MAX, waitsForBuilders: false },
      settings: buildSettingsOf(settings.settings),
      substitute: settings.settings.substitute,
      alwaysSubstitutes: settings.settings["always-allow-substitutes"],
      buildersUseSubstitutes: settings.settings["builders-use-substitutes"],
      health: book,
      probe: siteProbe(book, systemClock),
      ...(flags.fetch && { fetch: flags.fetch }),
      slots,
      peerRests: await services.rests("peers"),
      clock: systemClock,
      signal,
    };
    return { request, paths: input.paths, [Symbol.asyncDispose]: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function sitesOf(
  { services }: CommandContext,
  destination: Store,
  settings: ResolvedSettings,
): Promise<BuildSite[]> {
  const local = await services.localSite(destination, settings);
  const machines = await services.machines(settings);
  const remote = await Promise.all(machines.map((machine) => services.machineSite(machine, settings)));
  return [...namedSites(remote), ...(local ? [local] : [])];
}

/** Begins to connect those that are in use. */
function prepareSites(sites: readonly BuildSite[], book: BuilderBook): AsyncDisposable[] {
  return sites
    .filter((site) => !book.backOff(keyOf(site), systemClock.now()) && !book.pageOf(keyOf(site)).drained)
    .flatMap((site) => site.prepare?.() ?? []);
}

/** What is not remembered is only not known. */
async function estimatesFor(
  { services }: CommandContext,
  graph: ReadonlyMap<StorePath, Derivation>,
  builders: { sites: readonly BuildSite[]; book: BuilderBook },
): Promise<Estimates> {
  try {
    await using ledger = await services.ledger();
    const names = Array.from(graph.values(), ({ name }) => name);
    return await recall(ledger, names, { ...builders, nowMs: systemClock.now() });
  } catch {
    return noEstimates;
  }
}

async function closeAll(opened: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(opened.map((one) => one[Symbol.asyncDispose]()));
}

/** Attempts of one build, over all builders. */
const ATTEMPTS_MAX = 3;
/** Builders of which the record of an attempt tells beside the one that was chosen. */
const OTHERS_MAX = 64;
