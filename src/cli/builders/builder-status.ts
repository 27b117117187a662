import { messageOf } from "#base/errors.ts";
import type { BuilderBook, BuilderPage } from "#build/engine/site/builder-book.ts";
import { type BuildSite, keyOf } from "#build/engine/site/site.ts";
import type { SlotShare } from "#build/engine/site/slot-share.ts";
import type { Ledger } from "#ledger/ledger.ts";
import type { AttemptRecord } from "#ledger/record.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { CommandContext } from "../command-context.ts";
import { namedSites } from "../named-sites.ts";

/** What a builder says when it is asked now. */
export type BuilderAnswer =
  | {
      readonly reachable: true;
      readonly version: string | undefined;
      readonly protocol: string | undefined;
      readonly trusted: boolean | undefined;
    }
  | { readonly reachable: false; readonly error: string };

/** A build that runs there now, as the ledger of this user knows. */
export interface RunningThere {
  readonly number: number;
  readonly drvPath: StorePath;
  readonly sinceMs: number;
}

/** All that can be said of a builder. */
export interface BuilderStatus {
  readonly site: BuildSite;
  readonly answer: BuilderAnswer;
  readonly page: BuilderPage;
  /** Slots that runs of this user on this machine hold there. */
  readonly slotsTaken: number;
  readonly running: readonly RunningThere[];
}

/** The builders of the machines file, under their short names. */
export async function listedSites(
  { services }: CommandContext,
  settings: ResolvedSettings,
): Promise<readonly BuildSite[]> {
  const machines = await services.machines(settings);
  return namedSites(await Promise.all(machines.map((machine) => services.machineSite(machine, settings))));
}

/** What is remembered of builders, and what goes on there now. */
export interface StatusSources {
  readonly book: BuilderBook;
  readonly ledger: Ledger;
  readonly slots: SlotShare;
}

/** Asks all builders at once whether they answer. */
export async function askBuilders(
  sites: readonly BuildSite[],
  signal: AbortSignal,
): Promise<readonly BuilderAnswer[]> {
  return await Promise.all(sites.map((site) => ask(site, signal)));
}

/** Puts what was answered together with what is remembered. */
export async function statusOf(
  sites: readonly BuildSite[],
  answers: readonly BuilderAnswer[],
  { book, ledger, slots }: StatusSources,
): Promise<readonly BuilderStatus[]> {
  const running = await runningBuilds(ledger);
  return sites.map((site, index) => ({
    site,
    answer: answers[index]!,
    page: book.pageOf(keyOf(site)),
    slotsTaken: slots.held(keyOf(site)),
    running: running.get(site.traits.name) ?? [],
  }));
}

async function ask(site: BuildSite, signal: AbortSignal): Promise<BuilderAnswer> {
  try {
    await using connected = await site.connect(signal);
    const { version, protocol, trusted } = connected;
    return { reachable: true, version, protocol, trusted };
  } catch (error) {
    signal.throwIfAborted();
    return { reachable: false, error: messageOf(error) };
  }
}

/** Those of all processes of this user, by the name of their builder. */
async function runningBuilds(ledger: Ledger): Promise<Map<string, RunningThere[]>> {
  const builds = await ledger.builds({ ends: ["running"], limit: RUNNING_MAX });
  const attempts = await ledger.attempts(builds.map(({ number }) => number));
  const drvPaths = new Map(builds.map(({ number, drvPath }) => [number, drvPath]));
  const open = attempts.filter(({ end }) => end === undefined);
  const there = ({ build, beganMs, buildBeganMs }: AttemptRecord): RunningThere => ({
    number: build,
    drvPath: drvPaths.get(build)!,
    sinceMs: buildBeganMs ?? beganMs,
  });
  return new Map(
    Array.from(
      Map.groupBy(open, ({ builder }) => builder),
      ([builder, own]) => [builder, own.map(there)],
    ),
  );
}

const RUNNING_MAX = 10_000;
