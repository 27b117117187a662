import { messageOf } from "#base/errors.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import { type ProbeOutcome, probe } from "#build/probe/probe.ts";
import type { Machine } from "#nix/machine.ts";
import type { Store } from "#store/store.ts";
import type { Outside } from "../outside.ts";
import { plainText } from "../plain-text.ts";

/** What came of probes of one system. */
export interface ProbedSystem {
  readonly system: string;
  /** With every feature that the line claims, or, where `refused` says which, with those that the builder has. */
  readonly outcome: ProbeOutcome | { readonly kind: "lost"; readonly message: string };
  /** Features that it refuses, each with its words. */
  readonly refused: readonly { readonly feature: string; readonly message: string }[];
}

/** The builder that is asked, as its line has it. */
export interface ProbedBuilder {
  readonly outside: Outside;
  readonly machine: Machine;
  /** Where probes come home to. */
  readonly home: () => Promise<Store>;
}

/** One build for each system; where that is refused, one for each feature by itself, to find out which it was. */
export async function probeSystems(site: ConnectedSite, builder: ProbedBuilder): Promise<ProbedSystem[]> {
  const { machine } = builder;
  const home = await builder.home().catch(() => undefined);
  const features = [...new Set([...machine.supportedFeatures, ...machine.mandatoryFeatures])];
  const systems = machine.systems.filter((system) => system !== "builtin");
  return await Promise.all(systems.map((system) => probeSystem({ site, builder, home }, system, features)));
}

interface Asking {
  readonly site: ConnectedSite;
  readonly builder: ProbedBuilder;
  readonly home: Store | undefined;
}

async function probeSystem(
  asking: Asking,
  system: string,
  features: readonly string[],
): Promise<ProbedSystem> {
  const outcome = await ask(asking, system, features);
  if (outcome.kind !== "failed" || features.length === 0) return { system, outcome, refused: [] };
  const plain = await ask(asking, system, []);
  if (plain.kind !== "built") return { system, outcome: plain, refused: [] };
  const alone = await Promise.all(
    features.map(async (feature) => ({ feature, one: await ask(asking, system, [feature]) })),
  );
  const refused = alone.flatMap(({ feature, one }) =>
    one.kind === "failed" ? [{ feature, message: one.message }] : [],
  );
  const withKvm = alone.find(({ feature, one }) => feature === "kvm" && one.kind === "built")?.one;
  return { system, outcome: withKvm ?? plain, refused };
}

async function ask(
  { site, builder, home }: Asking,
  system: string,
  features: readonly string[],
): Promise<ProbedSystem["outcome"]> {
  const { outside } = builder;
  const signal = AbortSignal.any([outside.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const request = { system, features, nonce: outside.nonce(), clock: outside.clock, signal };
    const outcome = await probe(site, { ...request, ...(home && { home }) });
    return outcome.kind === "failed" ? { ...outcome, message: plainText(outcome.message) } : outcome;
  } catch (error) {
    outside.signal.throwIfAborted();
    const message = signal.aborted
      ? `it did not build within ${PATIENCE_MS / 1000} s: it may be busy`
      : plainText(messageOf(error));
    return { kind: "lost", message };
  }
}

/** How long a builder may take for a build of no work, in milliseconds: other builds may have its slots. */
const PATIENCE_MS = 20_000;
