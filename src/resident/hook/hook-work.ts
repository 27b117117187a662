import { ElsewhereError, messageOf } from "#base/errors.ts";
import { knownOutputsOf } from "#build/engine/plan/known-outputs.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import type { BuildEvent, BuildOutcome } from "#build/events.ts";
import type { Derivation } from "#nix/derivation.ts";
import { derivationType, hasKnownOutputPaths } from "#nix/derivation-type.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import type { Loss } from "#schedule/loss.ts";
import type { HookDetails } from "#wire/hook/requests.ts";
import type { AttemptEnd } from "../foreman.ts";
import type { HookOffer } from "./hook-call.ts";
import type { HookClient, HookStore } from "./hook-client.ts";
import { endOf, type HookEnd } from "./hook-end.ts";

export interface WorkParts {
  readonly client: HookClient;
  readonly opened: HookStore;
  readonly details: HookDetails;
  readonly derivation: Derivation;
}

/** One build that was taken, over all its attempts. */
export class HookWork {
  readonly #offer: HookOffer;
  readonly #parts: WorkParts;
  /** Why the attempt that was made last came to nothing. */
  #loss: Loss = "transport";
  end: HookEnd = { status: 1, message: "no machine was left to build it on" };

  constructor(offer: HookOffer, parts: WorkParts) {
    this.#offer = offer;
    this.#parts = parts;
  }

  async attempt(builder: string): Promise<AttemptEnd> {
    const { client } = this.#parts;
    this.#loss = "transport";
    const site = client.sites.find(({ traits }) => traits.name === builder)!;
    try {
      const outcome = await this.#realise(site);
      this.end = endOf(outcome, { drv: this.#drv, machine: site.uri ?? builder });
      if (outcome?.kind === "given-up" || outcome?.kind === "cancelled") return this.#loss;
      return this.end.status === 0 ? "succeeded" : "failed";
    } catch (error) {
      const why = messageOf(error);
      this.end = { status: 1, message: `cannot build '${this.#drv}' on '${site.uri ?? builder}': ${why}` };
      return this.#offer.line.hungUp.aborted ? "cancelled" : "failed";
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
    const request = {
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
      events: (event: BuildEvent) => {
        if (event.kind === "attempt-lost") this.#loss = event.loss;
        narrator.take(event);
        client.observe(event);
      },
    };
    const report = await client.realise(request, (text) => narrator.say(`warning: ${text}`, VERBOSITY.warn));
    if (report.complete) return undefined;
    const outcome = report.outcomes.get(build.drvPath);
    if (outcome?.kind !== "realised") return outcome;
    throw new ElsewhereError("NOT_HOME", "its outputs could not be brought home");
  }

  get #drv(): string {
    return printStorePath(this.#parts.opened.store.storeDir, this.#offer.build.drvPath);
  }
}

/** The derivation with what Nix says that it reads, all of which is there. Source: Nix, `build-remote`. */
function withPlainInputs(derivation: Derivation, inputs: readonly StorePath[]): Derivation {
  if (derivation.inputDerivations.size === 0) return derivation;
  return { ...derivation, inputDerivations: new Map(), inputSources: inputs };
}
