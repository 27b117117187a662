import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { LocalStore } from "#store/local/local-store.ts";
import { startCommand } from "#transport/command.ts";
import type { CommandHost } from "#transport/ssh-host.ts";
import { makeFolder, makeStore } from "../../store/local/local-rig.ts";

/** A builder and another store, both on this machine, where what is called `ssh` starts the command here. */
export class LineRig {
  readonly folder: string;
  readonly from: LocalStore;
  readonly to: LocalStore;
  readonly fromFolder: string;
  readonly program = program;
  readonly #toRoot: string;
  readonly #env: NodeJS.ProcessEnv;
  /** The process of the last session on the builder. */
  session: ChildProcess | undefined;
  /** Resolves when that has ended with all that hold its standard error. */
  ended: Promise<unknown> | undefined;
  bytesToBuilder = 0;

  private constructor(folder: string, stores: Stores) {
    this.folder = folder;
    this.from = stores.from;
    this.to = stores.to;
    this.fromFolder = stores.fromRoot;
    this.#toRoot = stores.toRoot;
    this.#env = {
      ...process.env,
      PATH: `${folder}/bin:${process.env.PATH}`,
      NIX_SSHOPTS: "",
      ELSEWHERE_NODE: process.execPath,
      NIX_CONF_DIR: folder,
      TMPDIR: join(folder, "tmp"),
    };
  }

  static async make(t: TestContext): Promise<LineRig> {
    const folder = makeFolder(t);
    for (const name of ["bin", "tmp"]) mkdirSync(join(folder, name));
    const from = await makeStore(t);
    const to = await makeStore(t);
    const rig = new LineRig(folder, { from: from.store, fromRoot: from.root, to: to.store, toRoot: to.root });
    rig.#script("nix-store", `exec ${program} serve "$@" --store ${from.root}`);
    rig.#script("ssh", SSH);
    return rig;
  }

  /** The receiving store, as the builder would name it. */
  receiver(scheme: string, authority = "box"): string {
    this.#script("other", `exec ${program} serve "$@" --store ${this.#toRoot}`);
    return `${scheme}://${authority}?remote-program=${this.folder}/bin/other`;
  }

  readonly sender = { kind: "stock", nix: "nix", nixStore: "nix-store", store: undefined } as const;

  /** From now on `ssh` is the system's, with these words of the builder's user. */
  useRealSsh(words: string): void {
    rmSync(join(this.folder, "bin/ssh"));
    this.#env.NIX_SSHOPTS = words;
  }

  readonly host: CommandHost = {
    openSession: async (command, { peer }) => {
      const [first = "", ...rest] = command;
      const { child, stream } = startCommand([first, ...rest], { peer, env: this.#env });
      this.session = child;
      this.ended = once(child, "close");
      return {
        peer,
        source: stream.source,
        closed: stream.closed,
        write: (bytes) => {
          this.bytesToBuilder += bytes.length;
          return stream.write(bytes);
        },
        end: () => stream.end(),
        [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
      };
    },
  };

  /** The process that runs a script of this rig. */
  pidOf(script: string): number {
    return Number(readFileSync(join(this.folder, `${script}.pid`), "utf8"));
  }

  #script(name: string, text: string): void {
    const place = join(this.folder, "bin", name);
    writeFileSync(place, `#!/bin/sh\necho $$ > ${this.folder}/${name}.pid\n${text}\n`, { mode: 0o755 });
  }
}

/** Runs here what is asked for there, and says to whoever wants to share the connection that it does not. */
const SSH = `case "$*" in *ControlMaster*) echo disabling multiplexing >&2 ;; esac
while [ "$1" != -- ]; do shift; done; shift 2
exec sh -c "$*"`;

interface Stores {
  readonly from: LocalStore;
  readonly fromRoot: string;
  readonly to: LocalStore;
  readonly toRoot: string;
}

const program = fileURLToPath(new URL("../../../bin/elsewhere", import.meta.url));
