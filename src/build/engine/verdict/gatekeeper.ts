import { messageOf } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { BuiltOutputs } from "../output-gate.ts";
import type { KnownOutputs } from "../plan/known-outputs.ts";
import type { PlannedBuild } from "../plan/plan.ts";
import type { RealiseRequest } from "../realise-request.ts";

/** Leads the outputs of a run past its gate: each once, as early as it can be. */
export class Gatekeeper {
  readonly #request: RealiseRequest;
  readonly #seen = new Set<StorePath>();
  /** Derivations whose outputs were refused. */
  readonly refused = new Set<StorePath>();

  constructor(request: RealiseRequest) {
    this.#request = request;
  }

  /** Looks at what a builder has made, where that is to be done before others build on it; why it is refused. */
  async passBuilt(
    { drvPath, derivation, outputs: wanted }: PlannedBuild,
    outputs: KnownOutputs,
    { holder, connected }: ActiveSite,
  ): Promise<string | undefined> {
    const { gate, destination } = this.#request;
    if (!gate || (holder !== destination && !gate.refuses)) return undefined;
    const made = new Map([...outputs].filter(([name]) => wanted.includes(name)));
    const built = { drvPath, derivation, outputs: made, store: connected.store };
    return await this.#pass(built);
  }

  /** Looks at what was asked for and is at home now; returns those that are refused, and why. */
  async passHome(outputsOf: (drvPath: StorePath) => KnownOutputs): Promise<Map<StorePath, string>> {
    const { wishes, graph, destination } = this.#request;
    const refused = new Map<StorePath, string>();
    for (const { drvPath, outputs: wanted } of wishes) {
      const derivation = graph.get(drvPath);
      const outputs = new Map([...outputsOf(drvPath)].filter(([name]) => wanted.includes(name)));
      if (!derivation || this.#seen.has(drvPath) || outputs.size === 0) continue;
      const { store } = destination;
      const valid = await store.queryValidPaths(outputs.values());
      const there = new Map([...outputs].filter(([, path]) => valid.has(path)));
      const why = await this.#pass({ drvPath, derivation, outputs: there, store });
      if (why !== undefined) refused.set(drvPath, why);
    }
    return refused;
  }

  async #pass(built: BuiltOutputs): Promise<string | undefined> {
    const { gate, events } = this.#request;
    if (!gate || built.outputs.size === 0) return undefined;
    this.#seen.add(built.drvPath);
    let fault: string | undefined;
    try {
      fault = await gate.check(built);
    } catch (error) {
      // What cannot be looked at is no worse for it, unless a look was demanded.
      if (gate.refuses) throw error;
      fault = `its outputs could not be audited: ${messageOf(error)}`;
    }
    if (fault === undefined) return undefined;
    if (!gate.refuses) {
      events({ kind: "output-suspect", drvPath: built.drvPath, message: fault });
      return undefined;
    }
    this.refused.add(built.drvPath);
    return fault;
  }
}
