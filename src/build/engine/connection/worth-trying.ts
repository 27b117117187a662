import { type Requirement, refusalOf } from "#schedule/requirement.ts";
import type { BuildSite } from "../site/site.ts";

/** Of `sites`, those that could do some of what is wanted. */
export function usefulFor(wanted: ReadonlySet<Requirement>, sites: readonly BuildSite[]): BuildSite[] {
  return sites.filter((site) => [...wanted].some((requirement) => canDo(site, requirement)));
}

/** Those that do not rest, and those that do where nobody else could do something: better a builder that was down a minute ago than none. */
export function worthTrying(
  wanted: ReadonlySet<Requirement>,
  sites: readonly BuildSite[],
  rests: (site: BuildSite) => boolean,
): BuildSite[] {
  const rested = sites.filter((site) => !rests(site));
  const orphaned = [...wanted].filter((requirement) => !rested.some((site) => canDo(site, requirement)));
  return sites.filter(
    (site) => rested.includes(site) || orphaned.some((requirement) => canDo(site, requirement)),
  );
}

function canDo({ traits }: BuildSite, requirement: Requirement): boolean {
  return !refusalOf(traits, requirement);
}
