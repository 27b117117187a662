import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { startServer } from "#rig/process.ts";
import { forward } from "#serve/forward.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { connectUnixSocket } from "#transport/unix-socket.ts";
import { type RightsDoor, testClientRights } from "../contract/client-rights.ts";
import { TalkingClient } from "../serve/talking-client.ts";

/** A daemon that trusts us, and one that does not, each with a store of its own. */
class RealDaemons implements AsyncDisposable {
  readonly #suite: NixSuite;
  readonly #open = new AsyncDisposableStack();
  readonly #started = new Map<boolean, Promise<NixRoot>>();

  constructor(suite: NixSuite) {
    this.#suite = suite;
  }

  async doorTo(t: TestContext, trusted: boolean): Promise<RightsDoor> {
    const starting = this.#started.get(trusted) ?? this.#start(trusted);
    this.#started.set(trusted, starting);
    const nix = await starting;
    const daemon = await connected(socketOf(nix));
    const client = new TalkingClient();
    void forward(client.stream, daemon);
    t.after(() => daemon[Symbol.asyncDispose]());
    const { version } = await client.greet();
    return { client, minor: version, realStoreDir: join(nix.nixFolder, "store") };
  }

  async #start(trusted: boolean): Promise<NixRoot> {
    const nix = this.#open.use(new NixRoot(this.#suite, `rights-${trusted ? "trusted" : "not"}`));
    await nix.run(["nix-store", "--init"]);
    mkdirSync(join(nix.nixFolder, "var/nix/daemon-socket"), { recursive: true });
    const command = ["nix-daemon", "--option", "trusted-users", trusted ? "root" : "nobody"];
    this.#open.use(await startServer([...nix.within, ...command], { socket: socketOf(nix) }));
    return nix;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

/** A daemon's socket is there a moment before anyone listens on it. */
async function connected(socket: string): Promise<ByteStream> {
  for (;;)
    try {
      return await connectUnixSocket(socket);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "TRANSPORT_REFUSED") throw error;
      await setImmediate();
    }
}

function socketOf(nix: NixRoot): string {
  return join(nix.nixFolder, "var/nix/daemon-socket/socket");
}

for (const suite of NIX_SUITES)
  describe(`The daemon of Nix, ${suite}`, () => {
    const daemons = new RealDaemons(suite);
    after(() => daemons[Symbol.asyncDispose]());
    testClientRights({
      name: suite,
      skip: withoutNix(suite),
      as: "nix",
      open: (t, trusted) => daemons.doorTo(t, trusted),
    });
  });
