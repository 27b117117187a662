import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Deferred } from "#base/deferred.ts";
import { copyRequests } from "#cli/copy-requests.ts";
import { printStorePath } from "#nix/store-path.ts";
import type { Store } from "#store/store.ts";
import { addAll, fileSample, makeStore } from "../store/local/local-rig.ts";

test("what was asked for is answered although no more will be asked", async (t) => {
  const { from, to, request, path } = await stores(t);
  const { input, output, answers } = client();
  input.end(`no JSON\n[1]\n${request}\n`);
  await copyRequests({ from, to, options: UNSIGNED, input, output, stillListens: () => true });
  output.end();
  const told = (await answers).map((line) => JSON.parse(line) as { code?: string; sent?: string[] });
  assert.deepEqual(
    told.map(({ code, sent }) => code ?? sent),
    ["FAILED", "MALFORMED", [path]],
  );
});

test("a copy under way stops when whoever asked is gone", async (t) => {
  const { from, to, request } = await stores(t);
  const { input, output, answers } = client();
  const [begun, gone] = [new Deferred<void>(), new Deferred<void>()];
  // A receiver that takes its time.
  const addPaths: Store["addPaths"] = async (paths) => {
    begun.resolve();
    await gone.promise;
    for await (const { nar } of paths) for await (const _ of nar);
  };
  const slow = Object.create(to, { addPaths: { value: addPaths } }) as Store;
  const storeDir = { value: to.storeDir };
  Object.defineProperties(slow, { storeDir, queryValidPaths: { value: async () => new Set() } });
  const stillListens = () => {
    setImmediate(gone.resolve);
    return false;
  };
  input.write(`${request}\n`);
  const copying = copyRequests({ from, to: slow, options: UNSIGNED, input, output, stillListens });
  await begun.promise;
  input.end();
  await copying;
  output.end();
  assert.deepEqual(await answers, []);
});

async function stores(t: Parameters<typeof makeStore>[0]) {
  const [from, to] = [(await makeStore(t)).store, (await makeStore(t)).store];
  const sample = fileSample("one", "1");
  await addAll(from, [sample]);
  const path = printStorePath(from.storeDir, sample.info.path);
  return { from, to, path, request: JSON.stringify([path]) };
}

/** Whoever asks, and what it reads. */
function client() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const answers = (async () => {
    let text = "";
    for await (const chunk of output) text += String(chunk);
    return text.split("\n").filter((line) => line !== "");
  })();
  return { input, output, answers };
}

const UNSIGNED = { checkSignatures: false };
