import type { BuildSite } from "#build/engine/site/site.ts";
import { UsageError } from "../error-report.ts";

/** The builder that a person means: by its name, its URI, or a part of one that no other has. */
export function chooseSite(sites: readonly BuildSite[], word: string): BuildSite {
  const exact = sites.filter((site) => namesOf(site).includes(word));
  const near =
    exact.length > 0 ? exact : sites.filter((site) => namesOf(site).some((name) => name.includes(word)));
  const [first, ...others] = near;
  if (first && others.length === 0) return first;
  const names = (first ? near : sites).map(({ traits }) => traits.name).join(", ");
  throw new UsageError(
    first ? `Cannot tell which builder '${word}' is` : `Cannot find a builder called '${word}'`,
    names === "" ? "there are none in the machines file; name some with --builders" : `there are ${names}`,
  );
}

function namesOf({ traits, uri, key }: BuildSite): string[] {
  return [traits.name, uri, key].flatMap((name) => name ?? []);
}
