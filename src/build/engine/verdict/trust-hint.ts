import type { BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { BuildSite } from "../site/site.ts";
import { isWrongMachine, plain } from "./verdict.ts";

/** A builder's words about a failure; where they come down to trust, with what to write on that builder. */
export function explainFailure(result: BuildResult, active: ActiveSite, drvPath: StorePath): string {
  const { site } = active;
  const said = plain(result.errorMessage) || `the builder says ${result.status}`;
  return TRUST.test(said) || isForWantOfInputs(result, active, drvPath)
    ? `${said.replace(PATHS_AND_LOG, "")}\n${trustAdvice(site)}`
    : said;
}

/** Whether a builder could not build for itself what it would not take from us: then it blames another derivation. */
export function isForWantOfInputs(
  { status, errorMessage }: BuildResult,
  { feeder }: ActiveSite,
  drvPath: StorePath,
): boolean {
  if (!feeder.intake.withholds) return false;
  const said = plain(errorMessage);
  if (status === "DependencyFailed" || DEPENDENCY.test(said)) return true;
  return isWrongMachine(said) && DERIVATION.exec(said)?.[0] !== drvPath;
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

/** What Nix 2.34 says after the reason. */
const PATHS_AND_LOG = /\n\s*(Output paths|Last \d+ log lines):.*$/s;
const DEPENDENCY = /\b(dependency|dependencies of derivation '[^']*') failed\b/;
/** Base name of a `.drv`. */
const DERIVATION = /[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]+?\.drv/;
const TRUST =
  /not privileged|lacks a (valid )?signature|lacks a signature by a trusted key|not trusted|is not allowed to|untrusted/i;
