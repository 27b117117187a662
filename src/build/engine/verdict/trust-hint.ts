import type { BuildResult } from "#nix/build-result.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ActiveSite } from "../connection/active-site.ts";
import type { BuildSite } from "../site/site.ts";
import { isWrongMachine, plain, reasonOf } from "./verdict.ts";

/** A builder's words about a failure; where they come down to trust, with what to write on that builder. */
export function explainFailure(result: BuildResult, active: ActiveSite, drvPath: StorePath): string {
  const { site } = active;
  const said = plain(result.errorMessage) || `the builder says ${result.status}`;
  const reason = reasonOf(said);
  return TRUST.test(reason) || isForWantOfInputs(result, active, drvPath)
    ? `${reason}\n${trustAdvice(site)}`
    : said;
}

/** Whether a builder could not build for itself what it would not take from us: then it blames another derivation. */
export function isForWantOfInputs(
  { status, errorMessage }: BuildResult,
  { feeder }: ActiveSite,
  drvPath: StorePath,
): boolean {
  if (!feeder.intake.withholds) return false;
  const said = reasonOf(errorMessage);
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

const DEPENDENCY = /\b(dependency|dependencies of derivation '[^']*') failed\b/;
/** Base name of a `.drv`. */
const DERIVATION = /[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]+?\.drv/;
/** Of the reason alone: an output, too, is "not allowed to refer to" something, and a log may say anything. */
const TRUST =
  /you are not privileged to|lacks a (valid )?signature|does not trust this user|you are not in 'trusted-users'|is not allowed to connect to the Nix daemon/;
