import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync, watch } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { Deferred } from "#base/deferred.ts";
import { type ProcessEnd, spawnError } from "./command.ts";
import { OutputTail } from "./output-tail.ts";
import type { SshFolder } from "./ssh-folder.ts";

export interface SshMasterOptions {
  readonly program: string;
  /** Everything before the destination. */
  readonly args: readonly string[];
  readonly destination: string;
  readonly folder: SshFolder;
  /** Turns ssh's end into an error. */
  readonly explain: (end: ProcessEnd) => Error;
}

/**
 * An ssh that keeps one authenticated connection and lets other ssh processes run sessions over it.
 * It lives as long as this process: when that ends in any way, the pipe from it ends, and a shell
 * that waits on the pipe stops ssh and removes the folder.
 */
export class SshMaster implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #tail = new OutputTail();
  readonly #gone = new Deferred<ProcessEnd>();
  readonly #exited = new Deferred<void>();
  #alive = true;

  private constructor({ program, args, destination, folder }: SshMasterOptions) {
    const ours = [
      "-o",
      "ControlMaster=yes",
      "-o",
      "ControlPersist=no",
      "-o",
      `ControlPath=${folder.controlSocket}`,
    ];
    this.#child = spawn(
      "/bin/sh",
      ["-c", KEEPER, "sh", folder.path, program, ...args, ...ours, "-N", "-x", "-T", "--", destination],
      { stdio: ["ignore", "ignore", "pipe", "pipe"] },
    );
    (this.#child.stderr as Readable).on("data", (chunk: Uint8Array) => this.#tail.push(chunk));
    this.#lifeline.on("error", () => undefined);
    this.#child.once("error", (error) => {
      this.#gone.reject(spawnError(program, error));
      this.#exited.resolve();
    });
    this.#child.once("exit", () => {
      this.#alive = false;
      this.#exited.resolve();
      this.#lifeline.end("gone\n", () => this.#lifeline.destroy());
    });
    this.#child.once("close", (code, signal) =>
      this.#gone.resolve({ code, signal, stderr: this.#tail.text }),
    );
  }

  /** Connects; resolves to undefined when the connection stands but cannot be shared. Throws when it cannot stand. */
  static async open(options: SshMasterOptions): Promise<SshMaster | undefined> {
    // One that was killed leaves its socket.
    rmSync(options.folder.controlSocket, { force: true });
    const master = new SshMaster(options);
    const ready = await master.#ready(options.folder.controlSocket);
    if (ready === "listening") {
      master.#unref();
      return master;
    }
    if (ready === "unshared") {
      await master[Symbol.asyncDispose]();
      return undefined;
    }
    if (CANNOT_SHARE.test(ready.stderr)) return undefined;
    // No remote command is run, so it is the shell here that did not find ssh.
    if (ready.code === 127)
      throw spawnError(options.program, Object.assign(new Error(ready.stderr), { code: "ENOENT" }));
    throw options.explain(ready);
  }

  get alive(): boolean {
    return this.#alive;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#alive) return;
    this.#child.ref();
    this.#child.kill("SIGTERM");
    // An ssh that is just about to wait loses the signal (OpenSSH before 9.3), and would stay.
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), GRACE_MS);
    await this.#exited.promise;
    clearTimeout(insist);
  }

  /** The end of ssh, its readiness, or that it will not share. */
  async #ready(socket: string): Promise<"listening" | "unshared" | ProcessEnd> {
    const outcome = new Deferred<"listening" | "unshared">();
    const look = () => {
      if (existsSync(socket)) outcome.resolve("listening");
    };
    const watcher = watch(socket.slice(0, socket.lastIndexOf("/")), look);
    // Where the file system does not tell of changes.
    const poll = setInterval(look, POLL_MS);
    (this.#child.stderr as Readable).on("data", () => {
      if (CANNOT_SHARE.test(this.#tail.text)) outcome.resolve("unshared");
    });
    try {
      look();
      return await Promise.race([outcome.promise, this.#gone.promise]);
    } finally {
      clearInterval(poll);
      watcher.close();
    }
  }

  /** A kept connection must not keep this process. */
  #unref(): void {
    this.#child.unref();
    for (const stream of [this.#child.stderr, this.#lifeline])
      (stream as unknown as { unref(): void }).unref();
  }

  get #lifeline(): Writable {
    return this.#child.stdio[3] as Writable;
  }
}

/**
 * Becomes ssh, having left a child behind that reads the pipe at descriptor 3. A line means that ssh went by
 * itself; the end of the pipe means that our process is gone.
 */
const KEEPER = `folder=$1; shift
( read -r _ <&3 || { kill -KILL $$; rm -f "$folder/m" "$folder/known_hosts"; rmdir "$folder"; } ) >/dev/null 2>&1 &
exec "$@" 3<&-`;

/** What ssh says when it can connect but not listen for others. */
const CANNOT_SHARE =
  /disabling multiplexing|unix_listener: |muxserver_listen|[Bb]ad configuration option: control|ControlPath too long/;
const POLL_MS = 50;
/** How long ssh may take to end, in milliseconds. */
const GRACE_MS = 300;
