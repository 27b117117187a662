import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { MalformedError } from "#base/errors.ts";
import type { ByteStream } from "./byte-stream.ts";
import { openCommand } from "./command.ts";
import { processorFacts } from "./processor-facts.ts";
import { fastAlgorithmArguments } from "./ssh-algorithm.ts";
import { patienceArguments, sessionArguments, targetArguments } from "./ssh-arguments.ts";
import { readSshConfiguration, type SshConfiguration, sharesConnections } from "./ssh-configuration.ts";
import { fastSshEnvironment } from "./ssh-environment.ts";
import { explainSshEnd } from "./ssh-failure.ts";
import { makeSshFolder, type SshFolder } from "./ssh-folder.ts";
import { type SshCommand, SshMaster } from "./ssh-master.ts";
import { type SshSettings, sshDestination } from "./ssh-settings.ts";
import { TransportError } from "./transport-error.ts";

export interface SshSessionOptions {
  /** Names the other end in errors: `ssh-ng://host`. */
  readonly peer: string;
  /** What the remote command, and ssh, write to standard error. */
  readonly onStderr?: (chunk: Uint8Array) => void;
}

/** A machine that commands can be run on. */
export type CommandHost = Pick<SshHost, "openSession">;

/**
 * A host reached by the system's ssh: one kept connection, any number of sessions over it. Where the person's
 * configuration shares connections already, or sharing is refused, each session is an ssh of its own.
 */
export class SshHost implements AsyncDisposable {
  readonly settings: SshSettings;
  readonly #folder: SshFolder;
  readonly #program: string;
  #common: Promise<CommonArguments> | undefined;
  #master: Promise<SshMaster> | undefined;
  readonly #closing = new AbortController();

  constructor(settings: SshSettings) {
    this.settings = settings;
    this.#program = settings.program ?? "ssh";
    this.#folder = makeSshFolder();
    if (settings.publicHostKey !== undefined)
      writeFileSync(this.#folder.knownHosts, knownHostsLine(settings, settings.publicHostKey), {
        mode: 0o600,
      });
  }

  /** Asks ssh what it will need to be told, beside other work. Connects to nothing. */
  prepare(): void {
    this.#common ??= this.#readCommon();
    this.#common.catch(() => undefined);
  }

  /** Runs a command on the host; its words are quoted for the shell there. */
  async openSession(command: readonly string[], options: SshSessionOptions): Promise<ByteStream> {
    this.prepare();
    const { args, configuration, env } = await this.#common!;
    if (this.#closing.signal.aborted) throw closedError(options.peer);
    const ssh: SshCommand = {
      words: (more) => [this.#program, ...args, ...more, ...sessionArguments(this.settings, command)],
      options: {
        ...options,
        ...(env && { env }),
        explain: (end) => explainSshEnd(options.peer, command, end),
      },
    };
    // Another's connection is not ours to end.
    if (sharesConnections(configuration)) return openCommand(ssh.words([]), ssh.options);
    for (;;) {
      const opening = this.#master;
      if (opening === undefined) return await this.#openMaster(ssh);
      const master = await opening;
      if (master.alive || !master.isShared) return master.openBeside(ssh);
      if (this.#master === opening) this.#master = undefined;
    }
  }

  /** An ssh that still connects is ended too: it may take as long as the connect timeout says. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const master = await this.#master?.catch(() => undefined);
    await master?.[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  /** The first session's ssh keeps the connection for the others. */
  async #openMaster(ssh: SshCommand): Promise<ByteStream> {
    const opening = SshMaster.open(ssh, this.#folder, this.#closing.signal);
    this.#master = opening;
    try {
      return (await opening).session;
    } catch (error) {
      if (this.#master === opening) this.#master = undefined;
      throw error;
    }
  }

  async #readCommon(): Promise<CommonArguments> {
    const { settings } = this;
    const target = targetArguments(
      settings,
      settings.publicHostKey === undefined ? undefined : this.#folder.knownHosts,
    );
    const asked = readSshConfiguration(this.#program, [...target, "--", sshDestination(settings)]);
    const algorithms = await fastAlgorithmArguments(this.#program, asked);
    const configuration = await asked;
    return {
      configuration,
      env: fastSshEnvironment(await processorFacts(), process.env),
      args: [...target, ...patienceArguments(settings, configuration), ...algorithms, ...QUIET],
    };
  }
}

interface CommonArguments {
  readonly args: readonly string[];
  readonly configuration: SshConfiguration;
  /** Undefined where it is our own. */
  readonly env: NodeJS.ProcessEnv | undefined;
}

function closedError(peer: string): TransportError {
  return new TransportError(
    "TRANSPORT_LOST",
    `Cannot talk to ${peer}: the connection was closed on this side`,
  );
}

/** A line that makes `encoded` the only key that the host may have. */
function knownHostsLine({ host, port }: SshSettings, encoded: string): string {
  const key = Buffer.from(encoded, "base64").toString("latin1").trim();
  if (!/^[a-z0-9@.-]+ [A-Za-z0-9+/=]+/.test(key))
    throw new MalformedError("public host key", encoded, "want the base64 of a line 'ssh-ed25519 AAAA…'");
  const names = port === undefined || port === 22 ? host : `[${host}]:${port},${host}`;
  return `${names} ${key}\n`;
}

/** What a person set for work by hand would only stand in the way of a protocol. */
const QUIET = ["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"];
