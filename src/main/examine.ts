import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { systemClock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { builderNames } from "#cli/builder-names.ts";
import { BuilderCase } from "#doctor/builder/builder-case.ts";
import type { ClientCase, FoundNix } from "#doctor/client/client-case.ts";
import { type Diagnosis, diagnose } from "#doctor/diagnose.ts";
import type { ExaminationRequest } from "#doctor/examination.ts";
import { runProgram } from "#doctor/outside/run-program.ts";
import { systemFiles } from "#doctor/outside/system-files.ts";
import { systemNetwork } from "#doctor/outside/system-network.ts";
import { NOT_STARTED, type Outside } from "#doctor/outside.ts";
import type { Machine } from "#nix/machine.ts";
import type { ResolvedSettings } from "#nix/settings.ts";
import { openRoute } from "./open-route.ts";
import { openUsualStore } from "./open-usual-store.ts";
import { readConfiguration, readWrittenMachines } from "./read-written.ts";

/** This machine and the builders that it names, looked at through and through. */
export async function examine(
  request: ExaminationRequest,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<Diagnosis> {
  const configuration = readConfiguration(env, request.overrides);
  const { settings } = configuration;
  const { written, judged, fault } = readWrittenMachines(settings);
  const daemon = daemonPlace(env);
  const outside = systemOutside(env, signal, { settings, usesDaemon: daemon.isUsed, store: request.store });
  const client: ClientCase = {
    outside,
    configuration,
    written,
    machines: judged,
    machinesFault: fault,
    daemon,
    nix: once(() => findNix(outside)),
  };
  const machines = judged.flatMap(({ machine }) => (machine ? [machine] : []));
  await using open = new AsyncDisposableStack();
  const home = once(async () => open.use(await outside.openHome()));
  const builders: BuilderCase[] = [];
  for (const { machine, name } of chosen(machines, request.builders)) {
    const route = await outside.route(machine);
    builders.push(open.use(new BuilderCase({ outside, machine, name, route, settings, home })));
  }
  return await diagnose(client, builders);
}

function chosen(
  machines: readonly Machine[],
  wanted: readonly string[],
): { readonly machine: Machine; readonly name: string }[] {
  const names = builderNames(machines.map(({ uri }) => uri));
  const named = machines.map((machine, index) => ({ machine, name: names[index]! }));
  const picked = named.filter(
    ({ machine, name }) =>
      wanted.length === 0 || wanted.includes(name) || wanted.includes(machine.uri.split("?", 1)[0]!),
  );
  if (wanted.length > 0 && picked.length === 0)
    throw new ElsewhereError("NO_BUILDER", `Cannot look at '${wanted.join(", ")}': no builder is called so`, {
      hint: names.length > 0 ? `there are ${names.join(", ")}` : "there are no builders",
    });
  return picked;
}

interface OutsideOptions {
  readonly settings: ResolvedSettings;
  readonly usesDaemon: boolean;
  readonly store: string | undefined;
}

function systemOutside(
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  { settings, usesDaemon, store }: OutsideOptions,
): Outside {
  const { uid, username } = userInfo();
  const run: Outside["run"] = (command, { timeoutMs } = {}) => runProgram(command, { timeoutMs, env });
  const connectTimeoutS = Math.min(
    settings.settings["connect-timeout"] || CONNECT_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
  );
  // A daemon has no agent, whoever looks on its behalf.
  const sshOptions = usesDaemon && uid === 0 ? ["-o IdentityAgent=none"] : [];
  return {
    platform: process.platform,
    user: { uid, name: username },
    env,
    clock: systemClock,
    signal,
    files: systemFiles,
    network: systemNetwork,
    nonce: () => randomBytes(12).toString("hex"),
    run,
    route: (machine) => openRoute(machine, { env, run, connectTimeoutS, sshOptions }),
    openHome: () => openUsualStore(store, settings),
  };
}

function daemonPlace(env: NodeJS.ProcessEnv): ClientCase["daemon"] {
  const stateDir = env.NIX_STATE_DIR || "/nix/var/nix";
  const socket = env.NIX_DAEMON_SOCKET_PATH || `${stateDir}/daemon-socket/socket`;
  return { socket, isUsed: systemFiles.stat(socket)?.kind === "socket" };
}

async function findNix(outside: Outside): Promise<FoundNix | undefined> {
  const ran = await outside.run(["nix", "--version"]);
  if (ran.code === NOT_STARTED) return undefined;
  return { ran, version: ran.code === 0 ? /(\d+\.\d+[\w.-]*)/.exec(ran.stdout)?.[1] : undefined };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}

/** Whoever looks wants to know soon. Seconds. */
const CONNECT_TIMEOUT_S = 5;
