import type { Machine } from "#nix/machine.ts";
import type { BuilderSurvey } from "../builder-survey.ts";
import type { Change, FileChange, SetupPlan } from "../change.ts";
import { changeFile } from "../file-change.ts";
import type { SetupHost } from "../host.ts";
import { forcedCommandLine, parsePublicKey } from "../text/authorized-key.ts";
import { withSettings } from "../text/conf-text.ts";
import { withMachine } from "../text/machines-text.ts";
import { type SshTarget, withSshHost } from "../text/ssh-config-text.ts";
import { builderCommand } from "./builder-command.ts";
import type { ClientPaths } from "./client-paths.ts";

/** Where a builder is, as the person named it. */
export interface BuilderAddress {
  readonly scheme: "ssh" | "ssh-ng";
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
}

/** What a person may decide; what is absent is decided by what was found. */
export interface BuilderWishes {
  readonly systems?: readonly string[] | undefined;
  readonly features?: readonly string[] | undefined;
  readonly maxJobs?: number | undefined;
  readonly speedFactor?: number | undefined;
  /** The store that Elsewhere serves there. */
  readonly store?: string | undefined;
  /** The name of the builder in ssh's configuration and in the machines file. */
  readonly alias?: string | undefined;
  /** `max-jobs = 0`. */
  readonly neverHere?: boolean | undefined;
}

export interface UseBuilderFacts {
  readonly address: BuilderAddress;
  /** Where ssh goes for that address by this person's configuration. */
  readonly target: SshTarget;
  /** A line of known_hosts without its host. */
  readonly hostKey: string;
  /** Undefined where we cannot log in with a shell. */
  readonly survey: BuilderSurvey | undefined;
  readonly paths: ClientPaths;
  /** The key that clients of this machine use, with the change that makes it where it is new. */
  readonly key: { readonly publicLine: string; readonly made: readonly FileChange[] };
  readonly ownSystem: string;
  /** What makes Nix see its configuration. */
  readonly restart: readonly Change[];
}

/** Everything that makes a machine reached by ssh a builder of this one. */
export function planUseBuilder(host: SetupHost, facts: UseBuilderFacts, wishes: BuilderWishes): SetupPlan {
  const { paths, key, survey } = facts;
  const machine = machineOf(facts, wishes);
  const command = survey && builderCommand(survey, wishes.store);
  const login = loginOf(facts.address);
  const line = command && forcedCommandLine(parsePublicKey(key.publicLine), command);
  const isNew = line && !survey.authorized.includes(line);
  const sshHost = aliasOf(facts, wishes);
  const files = [
    changeFile(host, paths.machines, { edit: (text) => withMachine(text, machine) }),
    changeFile(host, paths.nixConf, { edit: (text) => withSettings(text, settingsOf(paths, wishes)) }),
    sshHost && changeFile(host, paths.sshConfig, { mode: 0o600, edit: (text) => withSshHost(text, sshHost) }),
  ];
  return {
    title: `use ${machine.uri} as a builder`,
    changes: [
      ...key.made,
      ...(isNew ? [{ kind: "remote-line", host: login, path: ".ssh/authorized_keys", line } as const] : []),
      ...files.filter((change) => change !== undefined),
      ...(files[1] ? facts.restart : []),
    ],
    notes: notesOf(facts),
  };
}

function machineOf(
  { address, hostKey, survey, paths, ownSystem }: UseBuilderFacts,
  wishes: BuilderWishes,
): Machine {
  const systems = survey ? [survey.system, ...survey.extraPlatforms.filter(isOwnKind)] : [ownSystem];
  return {
    uri: uriOf(address, wishes.alias),
    systems: wishes.systems ?? systems,
    sshKey: paths.keyFile,
    maxJobs: wishes.maxJobs ?? Math.max(1, Math.ceil((survey?.cpus ?? 1) / CORES_PER_JOB)),
    speedFactor: wishes.speedFactor ?? 1,
    supportedFeatures: wishes.features ?? featuresOf(survey),
    mandatoryFeatures: [],
    sshPublicHostKey: Buffer.from(hostKey).toString("base64"),
    enabled: true,
    source: { file: paths.machines, line: 1 },
  };
}

/** Levels of one architecture are not asked for by derivations that should go there unasked. */
function isOwnKind(system: string): boolean {
  return !/_v\d-|-v\d-/.test(system);
}

function featuresOf(survey: BuilderSurvey | undefined): readonly string[] {
  if (!survey) return [];
  const told =
    survey.features.length > 0 ? survey.features : [...USUAL_FEATURES, ...(survey.kvm ? ["kvm"] : [])];
  return told.filter((feature) => feature !== "kvm" || survey.kvm);
}

/** Nix before 2.31 knows no port in a URI, and Elsewhere's users may have both: then the name stands for it. */
function uriOf({ scheme, user, host, port }: BuilderAddress, alias: string | undefined): string {
  if (alias !== undefined || port !== undefined) return `${scheme}://${alias ?? defaultAlias(host)}`;
  return `${scheme}://${user === undefined ? "" : `${user}@`}${host}`;
}

function aliasOf({ address: { host, port }, target, paths }: UseBuilderFacts, wishes: BuilderWishes) {
  if (wishes.alias === undefined && port === undefined) return undefined;
  return { alias: wishes.alias ?? defaultAlias(host), target, keyFile: paths.keyFile };
}

function defaultAlias(host: string): string {
  return `elsewhere-${host.replace(/[^A-Za-z0-9.-]/g, "-")}`;
}

/** As `ssh` takes it. */
export function loginOf({ user, host, port }: BuilderAddress): string {
  const at = user === undefined ? "" : `${user}@`;
  if (port === undefined) return `${at}${host}`;
  return `ssh://${at}${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function settingsOf({ machines }: ClientPaths, { neverHere }: BuilderWishes): [string, string][] {
  return [
    ["builders", `@${machines}`],
    ["builders-use-substitutes", "true"],
    ...(neverHere ? [["max-jobs", "0"] as [string, string]] : []),
  ];
}

function notesOf({ survey, key, address, paths }: UseBuilderFacts): string[] {
  const notes: string[] = [];
  if (!survey)
    notes.push(
      `nobody may log in there with a shell from here: give the builder this key, with 'elsewhere setup serve --key KEY' there\n  ${key.publicLine.trim()}`,
    );
  else if (survey.nixDaemon && !isTrusted(survey))
    notes.push(
      `Nix on ${loginOf(address)} does not trust ${survey.user} and will refuse inputs without a signature; in its /etc/nix/nix.conf:\n  extra-trusted-users = ${survey.user}`,
    );
  else if (!survey.nixDaemon && !survey.bubblewrap)
    notes.push(
      "the builder lacks bubblewrap, which its sandbox is made of (on Debian: apt-get install bubblewrap)",
    );
  if (!paths.system)
    notes.push(
      "this is for your own user: 'elsewhere build' uses it at once; 'nix build' only where the Nix daemon trusts you, else set it up with sudo",
    );
  return notes;
}

function isTrusted({ user, trustedUsers }: BuilderSurvey): boolean {
  return user === "root" || trustedUsers.includes("*") || trustedUsers.includes(user);
}

/** Source: Nix, the default of `system-features`. */
const USUAL_FEATURES = ["benchmark", "big-parallel", "nixos-test"];
const CORES_PER_JOB = 2;
