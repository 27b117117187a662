import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutOf } from "#store/local/layout.ts";

test("a store with nothing said is Nix's own", () => {
  const { storeDir, realStoreDir, stateDir, logDir } = layoutOf({ environment: {} });
  assert.deepEqual(
    [storeDir, realStoreDir, stateDir, logDir],
    ["/nix/store", "/nix/store", "/nix/var/nix", "/nix/var/log/nix"],
  );
});

test("a root moves all but the logical store directory, and the environment's places with it", () => {
  const environment = { NIX_STATE_DIR: "/s", NIX_LOG_DIR: "/l" };
  const { storeDir, realStoreDir, stateDir, logDir } = layoutOf({ root: "/x/", environment });
  assert.deepEqual(
    [storeDir, realStoreDir, stateDir, logDir],
    ["/nix/store", "/x/nix/store", "/x/nix/var/nix", "/x/nix/var/log/nix"],
  );
});

test("the environment names places, and what is said aloud wins", () => {
  const environment = { NIX_STORE_DIR: "/e/store", NIX_STATE_DIR: "/e/state", NIX_LOG_DIR: "/e/log" };
  const said = layoutOf({ environment, stateDir: "/said", realStoreDir: "/real" });
  assert.deepEqual(
    [said.storeDir, said.realStoreDir, said.stateDir, said.logDir],
    ["/e/store", "/real", "/said", "/e/log"],
  );
});

test("what is empty in the environment is as if it were not there", () => {
  const environment = { NIX_STORE: "", NIX_STORE_DIR: "", NIX_STATE_DIR: "", NIX_LOG_DIR: "" };
  assert.deepEqual(layoutOf({ environment }), layoutOf({ environment: {} }));
});

test("a relative place is refused", () => {
  assert.throws(() => layoutOf({ root: "x", environment: {} }), { code: "STORE_LAYOUT" });
});
