import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { NIX_SUITES, NixRoot, withoutNix } from "#rig/nix-root.ts";
import { DaemonStore } from "#store/daemon/daemon-store.ts";
import { ServeStore } from "#store/serve/serve-store.ts";
import { openCommand } from "#transport/command.ts";
import { fileSample, incoming } from "../local/local-rig.ts";

/** A peer that runs a shell script instead of a daemon. */
function daemonOf(t: TestContext, script: string): DaemonStore {
  const store = new DaemonStore({
    uri: "ssh-ng://rig",
    storeDir: DEFAULT_STORE_DIR,
    connect: async () => openCommand(["sh", "-c", script], { peer: "ssh-ng://rig" }),
  });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

test("a login shell that prints is shown with what it printed", async (t) => {
  const store = daemonOf(t, "echo 'Welcome to builder 7!'; cat");
  await assert.rejects(store.queryValidPaths([]), {
    code: "TRANSPORT_GARBLED",
    message: /Welcome to builder 7!/,
    hint: /nologin/,
  });
});

test("a peer that ends at once is told in its own words", async (t) => {
  const store = daemonOf(t, "echo 'error: the store is on fire' >&2; exit 1");
  await assert.rejects(store.ping(), { code: "TRANSPORT_LOST", message: /the store is on fire/ });
});

test("a peer that ends without a word is said to have hung up", async (t) => {
  const store = daemonOf(t, "exit 0");
  await assert.rejects(store.ping(), { code: "TRANSPORT_LOST", message: /hung up/ });
});

test("a server of another protocol is not taken for a daemon", async (t) => {
  const store = daemonOf(t, String.raw`printf '\313\356RT\0\0\0\0'; cat >/dev/null`);
  await assert.rejects(store.ping(), { code: "TRANSPORT_GARBLED" });
});

test("a string of a size that no server sends is refused, not waited for", async (t) => {
  const hello = String.raw`oixd\0\0\0\0\042\001\0\0\0\0\0\0`;
  const store = daemonOf(t, String.raw`printf '${hello}\377\377\377\377\377\0\0\0'; cat >/dev/null`);
  await assert.rejects(store.ping(), /string|limit/i);
});

for (const suite of NIX_SUITES) {
  const skip = withoutNix(suite);
  const within = (t: TestContext) => {
    const root = new NixRoot(suite, "failures");
    t.after(() => root[Symbol.dispose]());
    return root.within as [string, ...string[]];
  };

  test(`${suite}: what the daemon refuses during an upload is its own words, and the connection goes on`, {
    skip,
  }, async (t) => {
    const words = within(t);
    let connections = 0;
    const store = new DaemonStore({
      uri: "ssh-ng://rig",
      storeDir: DEFAULT_STORE_DIR,
      connect: async () => {
        connections++;
        return openCommand([...words, "nix-daemon", "--stdio"], { peer: "ssh-ng://rig", cwd: "/tmp" });
      },
    });
    t.after(() => store[Symbol.asyncDispose]());
    const liar = { info: fileSample("liar", "a").info, nar: fileSample("liar", "b".repeat(500_000)).nar };
    for (const options of [{ paths: [liar.info.path] }, {}])
      await assert.rejects(store.addPaths(incoming([liar]), { checkSignatures: false, ...options }), {
        code: "REMOTE",
        message: /hash mismatch/,
      });
    await store.addPaths(incoming([fileSample("good", "good")]), { checkSignatures: false });
    assert.equal(connections, 1);
    const facts = await store.ping();
    assert.equal(facts.protocol, suite === "bookworm" ? "1.34" : "1.38");
    assert.equal(facts.trusted, suite === "bookworm" ? undefined : true);
  });

  test(`${suite}: what the serve server refuses is its own words`, { skip }, async (t) => {
    const words = within(t);
    const store = new ServeStore({
      uri: "ssh://rig",
      storeDir: DEFAULT_STORE_DIR,
      connect: async (onStderr) =>
        openCommand([...words, "nix-store", "--serve", "--write"], {
          peer: "ssh://rig",
          cwd: "/tmp",
          onStderr,
        }),
    });
    t.after(() => store[Symbol.asyncDispose]());
    const good = fileSample("liar", "b".repeat(500_000));
    const liar = { info: { ...fileSample("liar", "a").info, narSize: good.nar.length }, nar: good.nar };
    await assert.rejects(store.addPaths(incoming([liar])), /hash mismatch/);
    assert.equal((await store.queryValidPaths([liar.info.path])).size, 0);
  });
}
