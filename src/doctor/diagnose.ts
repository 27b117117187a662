import type { BuilderCase } from "./builder/builder-case.ts";
import { BUILDER_CHAIN } from "./builder/builder-chain.ts";
import type { ClientCase } from "./client/client-case.ts";
import { CLIENT_CHAIN } from "./client/client-chain.ts";
import type { Finding } from "./finding.ts";
import { type Link, walk } from "./walk.ts";

/** A builder and its chain. */
export interface BuilderDiagnosis {
  readonly name: string;
  readonly uri: string;
  readonly links: readonly Link[];
}

/** The whole chain as it was found. */
export interface Diagnosis {
  readonly here: readonly Link[];
  readonly builders: readonly BuilderDiagnosis[];
}

/** A finding with its place in the chain. */
export interface PlacedFinding {
  /** Undefined: this machine. */
  readonly builder: string | undefined;
  readonly link: string;
  readonly finding: Finding;
}

/** Looks at this machine and at all builders, at the same time. */
export async function diagnose(client: ClientCase, builders: readonly BuilderCase[]): Promise<Diagnosis> {
  const [here, ...chains] = await Promise.all([
    walk(CLIENT_CHAIN, client),
    ...builders.map((builder) => walk(BUILDER_CHAIN, builder)),
  ]);
  return {
    here,
    builders: builders.map(({ name, machine }, index) => ({ name, uri: machine.uri, links: chains[index]! })),
  };
}

/** Every finding in the order of the chain, faults before warnings before notes. */
export function findingsOf({ here, builders }: Diagnosis): PlacedFinding[] {
  const placed = [{ name: undefined, links: here }, ...builders].flatMap(({ name, links }) =>
    links.flatMap(({ link, findings }) => findings.map((finding) => ({ builder: name, link, finding }))),
  );
  return (["fault", "warning", "note"] as const).flatMap((severity) =>
    placed.filter(({ finding }) => finding.severity === severity),
  );
}

/** 0: everything is proven. 1: there are faults. 2: something could not be looked at. */
export function exitCodeOf(diagnosis: Diagnosis): 0 | 1 | 2 {
  const links = [diagnosis.here, ...diagnosis.builders.map((builder) => builder.links)].flat();
  if (links.some(({ state }) => state === "fault")) return 1;
  return links.some(({ state }) => state === "unseen") ? 2 : 0;
}
