import { ElsewhereError, messageOf } from "#base/errors.ts";
import { describeRequirement } from "#build/engine/reason/give-up.ts";
import { describeRefusal } from "#build/engine/reason/obstacle-words.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { drvReader } from "#build/input/drv-reader.ts";
import type { Derivation } from "#nix/derivation.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import type { Settings } from "#nix/settings.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import { estimateFor } from "#schedule/estimate.ts";
import { choose } from "#schedule/nix-choice.ts";
import { type Requirement, refusalOf } from "#schedule/requirement.ts";
import type { Store } from "#store/store.ts";
import type { HookReply } from "#wire/hook/reply.ts";
import type { HookDetails } from "#wire/hook/requests.ts";
import type { HookDesk, HookOffer } from "./hook-call.ts";
import type { HookClient } from "./hook-client.ts";
import { HookWork } from "./hook-work.ts";

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
    const estimates = await client.estimatesOf([derivation.name]);
    const work = new HookWork(offer, { client, opened, details, derivation });
    await client.foreman.do({
      drvPath,
      requirement: requirementOf(offer),
      estimate: estimateFor(estimates, derivation.name, derivation.system),
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
