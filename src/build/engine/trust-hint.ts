import type { BuildResult } from "#nix/build-result.ts";
import type { ActiveSite } from "./attempt.ts";
import type { BuildSite } from "./site.ts";
import { plain } from "./verdict.ts";

/** A builder's words about a failure; where they come down to trust, with what to write on that builder. */
export function explainFailure(result: BuildResult, active: ActiveSite): string {
  const { site } = active;
  const said = plain(result.errorMessage) || `the builder says ${result.status}`;
  return TRUST.test(said) || isForWantOfInputs(result, active) ? `${said}\n${trustAdvice(site)}` : said;
}

/** Whether a builder could not build for itself what it would not take from us. */
export function isForWantOfInputs({ errorMessage }: BuildResult, { feeder, site }: ActiveSite): boolean {
  if (feeder.withheld.size === 0) return false;
  const wanted = /a '([^']+)' with features/.exec(plain(errorMessage))?.[1];
  return wanted !== undefined && !site.traits.systems.includes(wanted);
}

/** What makes a builder take our word, to be written on the builder. */
export function trustAdvice({ traits, uri = traits.name }: BuildSite): string {
  const builder = traits.name;
  const user = /^[a-z-]+:\/\/(?:([^@/]+)@)?/.exec(uri)?.[1] ?? "the user that you connect as";
  return [
    `${builder} does not trust ${user}: it takes no unsigned inputs from there.`,
    `Write into /etc/nix/nix.conf on the builder, and restart its nix-daemon:`,
    `  trusted-users = root ${user === "the user that you connect as" ? "USER" : user}`,
    `or sign what you send: 'elsewhere key generate NAME > secret', 'elsewhere sign -k secret PATHS', and on the builder`,
    `  trusted-public-keys = <its public key>`,
  ].join("\n");
}

const TRUST =
  /not privileged|lacks a (valid )?signature|lacks a signature by a trusted key|not trusted|is not allowed to|untrusted/i;
