import assert from "node:assert/strict";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import type { ConnectedSite } from "#build/engine/site/site.ts";
import { BARE_RESULT, type BuildResult } from "#nix/build-result.ts";
import type { BasicDerivation } from "#nix/derivation.ts";
import { DEFAULT_STORE_DIR, type StorePath } from "#nix/store-path.ts";
import { BuildsUnderWay } from "#resident/builds-under-way.ts";
import type { RealiseOptions, Realiser } from "#store/realiser.ts";
import type { Store } from "#store/store.ts";

const DRV = "g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x.drv" as StorePath;
const OUT = "h1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-x" as StorePath;
const DERIVATION: BasicDerivation = {
  name: "x",
  outputs: new Map([["out", { kind: "input-addressed", path: OUT }]]),
  inputSources: [],
  system: "s",
  builder: "/b",
  args: [],
  env: new Map(),
};
const BUILT: BuildResult = { ...BARE_RESULT, status: "Built" };

/** A builder whose builds the test ends, and what became of them. */
class Builder {
  readonly begun: { readonly options: RealiseOptions; readonly end: Deferred<BuildResult> }[] = [];
  readonly store = {
    storeDir: DEFAULT_STORE_DIR,
    queryValidPaths: async () => new Set([OUT]),
  } as unknown as Store;

  get site(): ConnectedSite {
    const buildDerivation: Realiser["buildDerivation"] = async (_path, _derivation, options) => {
      const end = new Deferred<BuildResult>();
      options.signal.addEventListener("abort", () => end.reject(options.signal.reason));
      this.begun.push({ options, end });
      return await end.promise;
    };
    const realiser = { buildDerivation } as unknown as Realiser;
    return { store: this.store, realiser, trusted: true, [Symbol.asyncDispose]: async () => undefined };
  }
}

/** Somebody who wants the build. */
function client(site: ConnectedSite) {
  const lines: string[] = [];
  const stop = new AbortController();
  const options: RealiseOptions = {
    mode: "normal",
    settings: {},
    signal: stop.signal,
    log: (event) => event.kind === "message" && lines.push(event.text),
  };
  const result = site.realiser.buildDerivation(DRV, DERIVATION, options);
  result.catch(() => undefined);
  return { lines, result, hangUp: () => stop.abort(new Error("hung up")) };
}

test("who asks for what is being built on another builder waits for that, and reads along", async () => {
  const underWay = new BuildsUnderWay();
  const [here, there] = [new Builder(), new Builder()];
  const first = client(underWay.on(here.site));
  const second = client(underWay.on(there.site));
  here.begun[0]!.options.log({ kind: "message", text: "a line" });
  here.begun[0]!.end.resolve(BUILT);
  assert.equal((await first.result).status, "Built");
  assert.equal((await second.result).status, "AlreadyValid");
  assert.deepEqual([first.lines, second.lines], [["a line"], ["a line"]]);
  assert.deepEqual([here.begun.length, there.begun.length], [1, 0]);
});

test("a build goes on when one of two hangs up, and stops when both have", async () => {
  const underWay = new BuildsUnderWay();
  const builder = new Builder();
  const clients = [client(underWay.on(builder.site)), client(underWay.on(builder.site))];
  const [{ options }] = [builder.begun[0]!];
  clients[0]!.hangUp();
  await assert.rejects(clients[0]!.result, /hung up/);
  assert.equal(options.signal.aborted, false);
  clients[1]!.hangUp();
  await assert.rejects(clients[1]!.result, /hung up/);
  assert.equal(options.signal.aborted, true);
});

test("when the builder of the one is lost, the other has it built by his own", async () => {
  const underWay = new BuildsUnderWay();
  const [here, there] = [new Builder(), new Builder()];
  const first = client(underWay.on(here.site));
  const second = client(underWay.on(there.site));
  here.begun[0]!.end.reject(new Error("the line broke"));
  await assert.rejects(first.result, /the line broke/);
  while (there.begun.length === 0) await new Promise(setImmediate);
  there.begun[0]!.end.resolve(BUILT);
  assert.equal((await second.result).status, "Built");
});

test("a failure is the verdict for all who waited", async () => {
  const underWay = new BuildsUnderWay();
  const [here, there] = [new Builder(), new Builder()];
  const clients = [client(underWay.on(here.site)), client(underWay.on(there.site))];
  here.begun[0]!.end.resolve({ ...BARE_RESULT, status: "PermanentFailure", errorMessage: "it breaks" });
  for (const { result } of clients) assert.equal((await result).status, "PermanentFailure");
  assert.equal(there.begun.length, 0);
});
