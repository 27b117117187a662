import type { BuildSite } from "#build/engine/site/site.ts";
import { builderNames } from "./builder-names.ts";

/** Each builder under a name that no other has. */
export function namedSites(sites: readonly BuildSite[]): BuildSite[] {
  const names = builderNames(sites.map(({ traits }) => traits.name));
  return sites.map((site, index) => ({ ...site, traits: { ...site.traits, name: names[index]! } }));
}
