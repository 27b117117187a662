import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext } from "node:test";
import { BARE_RESULT } from "#nix/build-result.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { ClientConnection } from "#serve/client-connection.ts";
import { serveDaemon } from "#serve/daemon/session.ts";
import type { ServableStore } from "#serve/served-store.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";
import { removeTree } from "#store/local/scratch.ts";
import type { Realiser } from "#store/realiser.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { type RightsDoor, testClientRights } from "../contract/client-rights.ts";
import { streamPair } from "../hostile/stream-pair.ts";
import { TalkingClient } from "./talking-client.ts";

const root = mkdtempSync(join(tmpdir(), "elsewhere-rights-"));
let store: LocalStore;

before(async () => {
  store = await openLocalStore({ root });
});

after(async () => {
  await store[Symbol.asyncDispose]();
  removeTree(root);
});

testClientRights({
  name: "in front of a store on disk",
  skip: false,
  as: "elsewhere",
  open: (t, trusted) => doorTo(t, { store, trusted }),
});

testClientRights({
  name: "in front of a daemon that trusts it",
  skip: false,
  as: "relay",
  open: async (t, trusted) => {
    const connect = async () => {
      const [ours, theirs] = streamPair();
      serve(t, theirs, { store, trusted: true });
      return ours;
    };
    const relayed = new DaemonStore({ uri: "ssh-ng://behind", storeDir: DEFAULT_STORE_DIR, connect });
    t.after(() => relayed[Symbol.asyncDispose]());
    return await doorTo(t, { store: relayed, trusted });
  },
});

interface Served {
  readonly store: ServableStore;
  readonly trusted: boolean;
}

async function doorTo(t: TestContext, served: Served): Promise<RightsDoor> {
  const client = new TalkingClient();
  serve(t, client.stream, served);
  t.after(() => client.hangUp());
  const { version } = await client.greet();
  return { client, minor: version, realStoreDir: store.physicalStoreDir };
}

function serve(t: TestContext, stream: ByteStream, { trusted, ...served }: Served): void {
  const client = new ClientConnection(stream);
  const built = { ...BARE_RESULT, status: "Built" } as const;
  const realiser: Realiser = {
    buildDerivation: async () => built,
    buildPaths: async () => [],
    queryMissing: () => Promise.reject(new Error("nobody asks")),
  };
  const options = { served: { ...served, realiser: async () => realiser }, trusted, nixVersion: "2.34.0" };
  void serveDaemon(client, options).catch(() => undefined);
  t.after(() => client.drop());
}
