import { ElsewhereError, messageOf } from "#base/errors.ts";
import { describeRefusal, describeRequirement } from "#build/engine/give-up.ts";
import { knownOutputsOf } from "#build/engine/known-outputs.ts";
import type { RealiseReport, RealiseRequest } from "#build/engine/realise.ts";
import type { BuildSite } from "#build/engine/site.ts";
import type { BuildEvent, BuildOutcome } from "#build/events.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import type { Settings } from "#nix/settings.ts";
import { nameOf, printStorePath, type StorePath } from "#nix/store-path.ts";
import { choose } from "#schedule/nix-choice.ts";
import { type Requirement, refusalOf } from "#schedule/requirement.ts";
import type { BuildSettings } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";
import type { HookReply } from "#wire/hook/reply.ts";
import type { HookDetails } from "#wire/hook/requests.ts";
import type { AttemptEnd, Foreman } from "../foreman.ts";
import type { HookDesk, HookOffer } from "./hook-call.ts";
import { endOf, type HookEnd } from "./hook-end.ts";

/** What the settings that Nix sent come to. */
export interface HookClient {
  readonly settings: Settings;
  readonly sites: readonly BuildSite[];
  readonly foreman: Foreman;
  readonly driven: Pick<
    RealiseRequest,
    "scheduler" | "policy" | "alwaysSubstitutes" | "buildersUseSubstitutes" | "health" | "clock"
  >;
  readonly observe: (event: BuildEvent) => void;
  /** Makes a request true, and keeps its record. */
  readonly realise: (request: RealiseRequest) => Promise<RealiseReport>;
  readonly buildSettings: BuildSettings;
  /** Nix's own store, for the time of one build. */
  openStore(): Promise<HookStore>;
}

/** The store that a build is for. */
export interface HookStore extends AsyncDisposable {
  readonly store: Store;
  /** Whoever asks holds the locks of these paths, until it is disposed. */
  assumeLocked(paths: readonly StorePath[]): Disposable;
}

/** Decides as Nix's own hook does, but does not have Nix come back later for a slot: what can be built waits here. */
export class Desk implements HookDesk {
  readonly #clientOf: (offer: HookOffer) => Promise<HookClient>;

  constructor(clientOf: (offer: HookOffer) => Promise<HookClient>) {
    this.#clientOf = clientOf;
  }

  async consider(offer: HookOffer): Promise<HookReply> {
    const { sites, foreman, settings } = await this.#clientOf(offer);
    if (sites.length === 0) return { kind: "decline-permanently" };
    const requirement = requirementOf(offer);
    const couldHere = couldBuildHere(requirement, settings);
    const able = sites.filter(({ traits }) => !refusalOf(traits, requirement));
    if (able.length === 0) {
      this.#explain(offer, { sites, requirement, couldHere: couldHere && offer.build.amWilling });
      return { kind: "decline" };
    }
    const reached = await reach(able, offer);
    if (reached.length === 0) return { kind: "decline" };
    const candidates = reached.map(({ traits }) => ({ traits, running: foreman.load(traits.name) }));
    const best = choose(candidates, false);
    if (!best && couldHere && offer.build.amWilling) return { kind: "decline" };
    const name = (best ?? candidates[0]!).traits.name;
    const site = reached.find(({ traits }) => traits.name === name)!;
    return { kind: "accept", machine: site.uri ?? name };
  }

  async perform(offer: HookOffer, details: HookDetails): Promise<number> {
    const client = await this.#clientOf(offer);
    await using opened = await client.openStore();
    const { drvPath } = offer.build;
    const derivation = await readDerivation(opened.store, drvPath);
    const work = new HookWork(offer, { client, opened, details, derivation });
    await client.foreman.do({
      drvPath,
      requirement: requirementOf(offer),
      principal: "hook",
      attempt: (builder) => work.attempt(builder),
      signal: offer.line.hungUp,
    });
    const { status, message } = work.end;
    if (message !== undefined && !offer.line.hungUp.aborted)
      offer.narrator.say(`error: ${message}`, VERBOSITY.error);
    return status;
  }

  /** Why no machine is right, as Nix says it: aloud only when nothing else could build it. */
  #explain(
    { build, narrator }: HookOffer,
    found: { sites: readonly BuildSite[]; requirement: Requirement; couldHere: boolean },
  ): void {
    const machines = found.sites.map(({ traits, uri }) => {
      const refusal = refusalOf(traits, found.requirement)!;
      return `  ${uri ?? traits.name}: ${describeRefusal(refusal)}`;
    });
    const text = [
      `Failed to find a machine for remote build of '${nameOf(build.drvPath)}'; it needs ${describeRequirement(found.requirement)}`,
      ...machines,
    ].join("\n");
    narrator.say(text, found.couldHere ? VERBOSITY.chatty : VERBOSITY.warn);
  }
}

interface WorkParts {
  readonly client: HookClient;
  readonly opened: HookStore;
  readonly details: HookDetails;
  readonly derivation: Derivation;
}

/** One build that was taken, over all its attempts. */
class HookWork {
  readonly #offer: HookOffer;
  readonly #parts: WorkParts;
  end: HookEnd = { status: 1, message: "no machine was left to build it on" };

  constructor(offer: HookOffer, parts: WorkParts) {
    this.#offer = offer;
    this.#parts = parts;
  }

  async attempt(builder: string): Promise<AttemptEnd> {
    const { client } = this.#parts;
    const site = client.sites.find(({ traits }) => traits.name === builder)!;
    try {
      const outcome = await this.#realise(site);
      this.end = endOf(outcome, { drv: this.#drv, machine: site.uri ?? builder });
      if (outcome?.kind === "given-up" || outcome?.kind === "cancelled") return "lost";
      return this.end.status === 0 ? "succeeded" : "failed";
    } catch (error) {
      const why = messageOf(error);
      this.end = { status: 1, message: `cannot build '${this.#drv}' on '${site.uri ?? builder}': ${why}` };
      return this.#offer.line.hungUp.aborted ? "lost" : "failed";
    }
  }

  async #realise(site: BuildSite): Promise<BuildOutcome | undefined> {
    const { client, opened, details, derivation } = this.#parts;
    const { build, narrator, line } = this.#offer;
    const { store } = opened;
    const holder = { name: store.uri, store };
    const alone = withPlainInputs(derivation, details.inputs);
    const known = hasKnownOutputPaths(derivationType(derivation));
    // As Nix's own hook: all outputs come, where their paths are known.
    const outputs = (known ? [...derivation.outputs.keys()] : [...details.outputs]).sort();
    using _ = opened.assumeLocked([...knownOutputsOf(derivation, store.storeDir).values()]);
    const report = await client.realise({
      ...client.driven,
      graph: new Map([[build.drvPath, alone]]),
      wishes: [{ drvPath: build.drvPath, outputs }],
      drvStore: holder,
      destination: holder,
      sites: [site],
      substitute: false,
      policy: { ...client.driven.policy, attemptsMax: 1 },
      settings: client.buildSettings,
      signal: line.hungUp,
      events: (event) => {
        narrator.take(event);
        client.observe(event);
      },
    });
    if (report.complete) return undefined;
    const outcome = report.outcomes.get(build.drvPath);
    if (outcome?.kind !== "realised") return outcome;
    throw new ElsewhereError("NOT_HOME", "its outputs could not be brought home");
  }

  get #drv(): string {
    return printStorePath(this.#parts.opened.store.storeDir, this.#offer.build.drvPath);
  }
}

function requirementOf({ build }: HookOffer): Requirement {
  return { system: build.system, features: [...build.requiredFeatures].sort(), preferLocal: false };
}

/** Source: Nix, `build-remote`: `canBuildLocally`, without whether a slot is free. */
function couldBuildHere({ system, features }: Requirement, settings: Settings): boolean {
  const systems = [settings.system, ...settings["extra-platforms"], "builtin"];
  const experimental = settings["experimental-features"].includes("ca-derivations") ? ["ca-derivations"] : [];
  const offered = [...settings["system-features"], ...experimental];
  return systems.includes(system) && features.every((feature) => offered.includes(feature));
}

/** Those that answer; of the others Nix's user is told. */
async function reach(sites: readonly BuildSite[], { line, narrator }: HookOffer): Promise<BuildSite[]> {
  const reached = await Promise.all(
    sites.map(async (site) => {
      try {
        const connected = await site.connect(line.hungUp);
        await connected[Symbol.asyncDispose]();
        return [site];
      } catch (error) {
        narrator.say(
          `cannot build on '${site.uri ?? site.traits.name}': ${messageOf(error)}`,
          VERBOSITY.error,
        );
        return [];
      }
    }),
  );
  return reached.flat();
}

async function readDerivation(store: Store, drvPath: StorePath): Promise<Derivation> {
  const contents = await drvReader(store)(drvPath);
  if (!contents)
    throw new ElsewhereError("DERIVATION_MISSING", `Cannot find derivation '${drvPath}' in ${store.uri}`);
  return parseDerivation(store.storeDir, contents, nameOf(drvPath).replace(/\.drv$/, ""));
}

/** The derivation with what Nix says that it reads, all of which is there. Source: Nix, `build-remote`. */
function withPlainInputs(derivation: Derivation, inputs: readonly StorePath[]): Derivation {
  if (derivation.inputDerivations.size === 0) return derivation;
  return { ...derivation, inputDerivations: new Map(), inputSources: inputs };
}
