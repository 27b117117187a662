import type { ChildProcess } from "node:child_process";
import { existsSync, rmSync, watch } from "node:fs";
import { dirname } from "node:path";
import { Deferred } from "#base/deferred.ts";
import type { ByteStream } from "./byte-stream.ts";
import {
  type CommandOptions,
  hangUpAtOnce,
  openCommand,
  type ProcessEnd,
  type StartedCommand,
  startCommand,
} from "./command.ts";
import { SSH_FAULT_STATUS } from "./ssh-failure.ts";
import type { SshFolder } from "./ssh-folder.ts";
import { endWithUs } from "./ssh-keeper.ts";

/** A session as an ssh of its own would run it. */
export interface SshCommand {
  /** The command line, with `more` options in it. */
  readonly words: (more: readonly string[]) => [string, ...string[]];
  readonly options: CommandOptions & { readonly explain: (end: ProcessEnd) => Error };
}

/**
 * An ssh that runs the first session of a connection, and lets other ssh processes run theirs over it. The
 * connection lasts as long as one of its sessions does, and no longer than this process.
 */
export class SshMaster implements AsyncDisposable {
  readonly session: ByteStream;
  /** Whether others may join: where ssh cannot listen for them, each session is on its own. */
  readonly isShared: boolean;
  readonly #child: ChildProcess;
  readonly #controlSocket: string;

  private constructor({ child, stream }: StartedCommand, controlSocket: string, isShared: boolean) {
    this.session = stream;
    this.isShared = isShared;
    this.#child = child;
    this.#controlSocket = controlSocket;
  }

  /** Connects; throws when that fails, and when `stop` comes first. */
  static async open(ssh: SshCommand, folder: SshFolder, stop: AbortSignal): Promise<SshMaster> {
    const { controlSocket } = folder;
    // One that was killed leaves its socket.
    rmSync(controlSocket, { force: true });
    const started = startCommand(ssh.words([...MASTER, "-o", `ControlPath=${controlSocket}`]), {
      ...ssh.options,
      // Others may need the connection: the end of its input and output ends its own session alone.
      hangUp: (child) => child.unref(),
      outlivesOutput: true,
    });
    endWithUs(started.child, folder);
    const news = await firstNews(started, controlSocket, stop);
    if (typeof news === "string") return new SshMaster(started, controlSocket, news === "listening");
    if (CANNOT_SHARE.test(news.stderr))
      return new SshMaster(startCommand(ssh.words([]), ssh.options), controlSocket, false);
    if (news.code === SSH_FAULT_STATUS || news.code === null) throw ssh.options.explain(news);
    return new SshMaster(started, controlSocket, true);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Another session: over this connection where it can be shared. */
  openBeside(ssh: SshCommand): ByteStream {
    if (!this.isShared) return openCommand(ssh.words([]), ssh.options);
    const join = ["-o", "ControlMaster=no", "-o", `ControlPath=${this.#controlSocket}`];
    return openCommand(ssh.words(join), { ...ssh.options, hangUp: hangUpAtOnce });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.ref();
    await hangUpAtOnce(this.#child);
  }
}

/** That ssh has connected and listens for others, or will not; or how it ended. */
async function firstNews(
  { child, ended }: StartedCommand,
  socket: string,
  stop: AbortSignal,
): Promise<"listening" | "unshared" | ProcessEnd> {
  const news = new Deferred<"listening" | "unshared">();
  const look = () => {
    if (existsSync(socket)) news.resolve("listening");
  };
  const listen = (chunk: Uint8Array) => {
    if (CANNOT_SHARE.test(String(chunk))) news.resolve("unshared");
  };
  child.stderr?.on("data", listen);
  const end = () => void hangUpAtOnce(child);
  stop.addEventListener("abort", end, { once: true });
  if (stop.aborted) end();
  const watcher = watch(dirname(socket), look);
  // Where the file system does not tell of changes.
  const poll = setInterval(look, POLL_MS);
  try {
    look();
    return await Promise.race([news.promise, ended]);
  } finally {
    child.stderr?.off("data", listen);
    stop.removeEventListener("abort", end);
    clearInterval(poll);
    watcher.close();
  }
}

const MASTER = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no"];
/** What ssh says when it can connect but not listen for others. */
const CANNOT_SHARE =
  /disabling multiplexing|unix_listener: |muxserver_listen|[Bb]ad configuration option: control|ControlPath too long/;
const POLL_MS = 50;
