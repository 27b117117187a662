import { systemClock } from "#base/clock.ts";
import { decodeText } from "#base/text.ts";
import { NOT_STARTED, type Outside, type Route, type SshRoute } from "#doctor/outside.ts";
import type { Machine } from "#nix/machine.ts";
import type { StoreReference } from "#nix/store-reference.ts";
import type { DaemonStore } from "#store/daemon/daemon-store.ts";
import { remoteCommandOf } from "#store/remote-command.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { targetArguments } from "#transport/ssh-arguments.ts";
import { parseSshConfiguration, type SshConfiguration } from "#transport/ssh-configuration.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { sshDestination } from "#transport/ssh-settings.ts";
import { TransportError } from "#transport/transport-error.ts";
import { machineReference } from "./machine-reference.ts";
import { openHostedStore, sshSettingsOf } from "./open-ssh-store.ts";
import { type BuildingStore, openBuildingStore } from "./open-store.ts";

export interface RouteSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly run: Outside["run"];
  readonly connectTimeoutS: number;
  /** Words for ssh after those of the environment. */
  readonly sshOptions: readonly string[];
}

/** The way to a builder as a build would go, but that nobody is asked for anything. */
export async function openRoute(machine: Machine, surroundings: RouteSurroundings): Promise<Route> {
  const reference = machineReference(machine);
  const { connectTimeoutS, sshOptions } = surroundings;
  const options = [surroundings.env.NIX_SSHOPTS ?? "", "-o BatchMode=yes", ...sshOptions].join(" ");
  const context = { env: { ...surroundings.env, NIX_SSHOPTS: options }, connectTimeoutS };
  if (!reference.scheme.startsWith("ssh")) {
    const store = await openBuildingStore(reference, context);
    return { ssh: undefined, command: [], ...connectionTo(store) };
  }
  const { host, store } = await openHostedStore(reference, context);
  const command = remoteCommandOf(reference);
  const ssh =
    reference.authority === "localhost" ? undefined : sshRoute(reference, host, { ...surroundings, context });
  return { ssh, command, ...connectionTo(store) };
}

function connectionTo(store: BuildingStore): Pick<Route, "connect" | typeof Symbol.asyncDispose> {
  return {
    connect: async () => {
      const facts = await within("the builder's greeting", async () =>
        (store as BuildingStore & Partial<Pick<DaemonStore, "ping">>).ping?.(),
      );
      return {
        store,
        realiser: store,
        trusted: facts?.trusted,
        version: facts?.nixVersion,
        protocol: facts?.protocol,
        // It goes with the route.
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function sshRoute(
  reference: StoreReference,
  host: CommandHost,
  { run, context }: RouteSurroundings & { context: Parameters<typeof sshSettingsOf>[1] },
): SshRoute {
  const settings = sshSettingsOf(reference, context);
  const target = [...targetArguments(settings, undefined), "--", sshDestination(settings)];
  let configuration: ReturnType<SshRoute["configuration"]> | undefined;
  const ask = () => {
    configuration ??= readConfiguration(run, target);
    return configuration;
  };
  const peer = `${reference.scheme}://${reference.authority}`;
  return {
    settings,
    configuration: ask,
    run: async (command) => {
      let stderr = "";
      const onStderr = (chunk: Uint8Array) => {
        stderr = (stderr + decodeText(chunk)).slice(-OUTPUT_CHARS_MAX);
      };
      return await within(`${peer} to answer a shell`, async () => {
        await using session = await host.openSession(command, { peer, onStderr });
        session.end();
        const stdout = await textOf(session);
        return { stdout, stderr, error: await session.closed };
      });
    },
    scanHostKeys: async () => {
      const known = await ask();
      const { stdout } = await run([
        "ssh-keyscan",
        "-T",
        String(SCAN_TIMEOUT_S),
        "-p",
        known.get("port") ?? "22",
        "--",
        known.get("hostname") ?? settings.host,
      ]);
      const keys = stdout.split("\n").flatMap((line) => {
        const [, type, key] = line.split(" ");
        return line.startsWith("#") || !key ? [] : [`${type} ${key}`];
      });
      return [...new Set(keys)].sort();
    },
  };
}

/** As the transport asks, but that it is told why there is no answer. */
async function readConfiguration(run: Outside["run"], target: readonly string[]): Promise<SshConfiguration> {
  const { code, stdout, stderr } = await run(["ssh", "-G", ...target]);
  if (code === NOT_STARTED)
    throw new TransportError("TRANSPORT_PROGRAM_MISSING", `ssh does not start: ${stderr}`);
  if (code !== 0) throw new TransportError("TRANSPORT_CONFIG", stderr.trim());
  return parseSshConfiguration(stdout);
}

/** What takes longer goes on by itself until its route is closed. */
async function within<T>(what: string, work: () => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const late = systemClock.sleep(PATIENCE_MS, patience.signal).then(() => {
    throw new TransportError("TRANSPORT_TIMEOUT", `Waited ${PATIENCE_MS / 1000} s for ${what}, in vain`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work(), late]);
  } finally {
    patience.abort();
  }
}

async function textOf(session: ByteStream): Promise<string> {
  let text = "";
  for await (const chunk of session.source) {
    text += decodeText(chunk);
    if (text.length > OUTPUT_CHARS_MAX) break;
  }
  return text;
}

/** Far above what is asked for. */
const OUTPUT_CHARS_MAX = 1 << 18;
const SCAN_TIMEOUT_S = 3;
/** How long a builder may take for one answer, in milliseconds: it may be at work. */
const PATIENCE_MS = 30_000;
