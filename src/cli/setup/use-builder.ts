import { messageOf } from "#base/errors.ts";
import { parseMachines } from "#nix/machines.ts";
import { parseSshAuthority, parseStoreReference } from "#nix/store-reference.ts";
import { type BuilderSurvey, parseSurvey, SURVEY_SCRIPT } from "#setup/builder-survey.ts";
import type { FileChange } from "#setup/change.ts";
import type { SetupHost } from "#setup/host.ts";
import { type MetHostKey, meetHost } from "#setup/host-key.ts";
import { type ClientPaths, clientPaths } from "#setup/plan/client-paths.ts";
import { type BuilderAddress, loginOf, planUseBuilder } from "#setup/plan/use-builder.ts";
import { restartNix } from "#setup/restart-nix.ts";
import { targetOf } from "#setup/text/ssh-config-text.ts";
import { parseSshConfiguration } from "#transport/ssh-configuration.ts";
import { askYesNo } from "../ask.ts";
import type { CommandContext } from "../command-context.ts";
import { EXIT, UsageError } from "../error-report.ts";
import { settingsFor } from "../setting-flags.ts";
import { styleFor } from "../style.ts";
import { type CarryOutFlags, carryOut } from "./carry-out.ts";

export interface UseBuilderFlags extends CarryOutFlags {
  readonly systems?: readonly string[];
  readonly features?: readonly string[];
  readonly maxJobs?: number;
  readonly speedFactor?: number;
  readonly store?: string;
  readonly alias?: string;
  readonly neverHere?: boolean;
  readonly hostKey?: string;
  readonly login?: boolean;
}

/** Makes a machine reached by ssh a builder of this one. */
export async function useBuilder(
  context: CommandContext,
  uri: string,
  flags: UseBuilderFlags,
): Promise<void> {
  const { services, terminal, env } = context;
  const host = await services.setupHost();
  const address = addressOf(uri);
  const login = loginOf(address);
  const style = styleFor(terminal.colours.error);
  terminal.error(`asking ${login} who it is …\n`);
  const met = await meetHost(host, login);
  if (!(await isBelieved(context, { met, login, flags }))) {
    context.exitWith(EXIT.failure);
    return;
  }
  const survey = flags.login === false ? undefined : await lookAround(host, { login, met });
  if (survey) terminal.error(`${style.dim(describeSurvey(survey))}\n`);
  const paths = clientPaths(host, env);
  const key = await keyOf(host, paths);
  const ownSystem = (await settingsFor(context, {})).settings.system;
  const target = targetOf(parseSshConfiguration((await host.run([...host.ssh, "-G", "--", login])).stdout));
  const restart = await restartNix(host);
  const facts = { address, target, hostKey: met.line, survey, paths, key, ownSystem, restart };
  const plan = planUseBuilder(host, facts, flags);
  if (await carryOut(context, plan, flags)) await tryOut(context, { paths, address, alias: flags.alias });
}

function addressOf(uri: string): BuilderAddress {
  const { scheme, authority, params } = parseStoreReference(/:\/\//.test(uri) ? uri : `ssh-ng://${uri}`);
  if ((scheme !== "ssh" && scheme !== "ssh-ng") || params.size > 0)
    throw new UsageError(
      `Cannot set up '${uri}': it is no plain ssh address`,
      "want [USER@]HOST[:PORT], or ssh-ng://… or ssh://… with the same",
    );
  return { scheme, ...parseSshAuthority(authority) };
}

/** A host that nobody here has met is believed by its fingerprint, or by a person's word. */
async function isBelieved(
  { terminal, signal }: CommandContext,
  { met, login, flags }: { met: MetHostKey; login: string; flags: UseBuilderFlags },
): Promise<boolean> {
  if (flags.hostKey !== undefined && flags.hostKey !== met.fingerprint && flags.hostKey !== met.line) {
    terminal.error(`${login} is not the host that you named: its key is ${met.fingerprint}\n`);
    return false;
  }
  if (met.known || flags.hostKey !== undefined) return true;
  terminal.error(`${login} is new here. Its host key is ${met.fingerprint}\n`);
  const agreed = flags.yes || (await askYesNo("Is that the machine that you mean?", signal));
  if (!agreed) terminal.error("nothing was done: --yes believes it, --host-key FINGERPRINT makes sure\n");
  return agreed === true;
}

/** What the builder has; undefined where nobody gets a shell there. */
async function lookAround(
  host: SetupHost,
  { login, met }: { login: string; met: MetHostKey },
): Promise<BuilderSurvey | undefined> {
  const [program, ...always] = host.ssh;
  using folder = host.makeFolder();
  const own = met.known
    ? []
    : ["-o", `UserKnownHostsFile=${folder.path}/known_hosts`, "-o", "StrictHostKeyChecking=accept-new"];
  const { code, stdout } = await host.run(
    [program, ...own, "-o", "BatchMode=yes", ...always, "--", login, "sh", "-s"],
    { input: SURVEY_SCRIPT, timeoutMs: SURVEY_TIMEOUT_MS },
  );
  if (code !== 0) return undefined;
  try {
    return parseSurvey(stdout);
  } catch {
    return undefined;
  }
}

/** The key that is there, or a new one. */
async function keyOf(
  host: SetupHost,
  { keyFile }: ClientPaths,
): Promise<{ publicLine: string; made: FileChange[] }> {
  const there = host.readText(`${keyFile}.pub`);
  if (there !== undefined && host.readText(keyFile) !== undefined) return { publicLine: there, made: [] };
  const pair = await host.makeKeyPair(`elsewhere@${host.hostName}`);
  const made = (path: string, after: string, mode: number, secret: boolean): FileChange => ({
    kind: "file",
    path,
    before: host.readText(path),
    after,
    mode,
    secret,
  });
  return {
    publicLine: pair.public,
    made: [made(keyFile, pair.secret, 0o600, true), made(`${keyFile}.pub`, pair.public, 0o600, false)],
  };
}

/** Connects as clients will from now on, by the line that was written. */
async function tryOut(
  context: CommandContext,
  { paths, address, alias }: { paths: ClientPaths; address: BuilderAddress; alias: string | undefined },
): Promise<void> {
  const { services, terminal, signal } = context;
  const style = styleFor(terminal.colours.error);
  const host = await services.setupHost();
  const settings = await settingsFor(context, {});
  const machines = parseMachines(host.readText(paths.machines) ?? "", {
    defaultSystem: settings.settings.system,
    file: paths.machines,
  });
  const name = alias ?? address.host;
  const machine = machines.findLast(({ uri }) => uri.includes(name));
  if (!machine) return;
  const site = await services.machineSite(machine, settings);
  try {
    await using connected = await site.connect(signal);
    const { version, trusted } = connected;
    const trust = trusted === undefined ? "" : trusted ? ", and trusts you" : ", and does not trust you";
    terminal.error(`${style.good("it answers")}${version ? `: ${version}` : ""}${trust}\n`);
  } catch (error) {
    terminal.error(`${style.bad("it does not answer yet:")} ${messageOf(error)}\n`);
    context.exitWith(EXIT.failure);
  }
}

function describeSurvey({ system, cpus, nixVersion, elsewhere, features }: BuilderSurvey): string {
  const what = nixVersion ?? (elsewhere === undefined ? "neither Nix nor Elsewhere" : "Elsewhere");
  return `it is ${system} with ${cpus} processors and ${what}${features.length > 0 ? `; ${features.join(", ")}` : ""}`;
}

const SURVEY_TIMEOUT_MS = 30_000;
