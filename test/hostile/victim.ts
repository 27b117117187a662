import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { LocalStore } from "#store/local/local-store.ts";
import { openLocalStore } from "#store/local/open.ts";

/** A store that someone means ill to. */
export interface Victim {
  readonly store: LocalStore;
  readonly folder: string;
  /** Throws unless it is as empty as it was, and nothing lies beside it that was not there. */
  assertUntouched(): Promise<void>;
}

export async function openVictim(t: TestContext): Promise<Victim> {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-victim-"));
  const store = await openLocalStore({ root: join(folder, "root"), environment: {}, requireSigs: true });
  t.after(async () => {
    await store[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  await store.outputs.scratchPlace();
  const descriptors = openDescriptors();
  return {
    store,
    folder,
    async assertUntouched() {
      assert.deepEqual([...(await store.queryAllValidPaths())], []);
      const real = store.physicalStoreDir;
      const names = readdirSync(real).filter((name) => name !== ".links");
      assert.equal(names.length, 1, "only the scratch area lies in the store");
      assert.deepEqual(readdirSync(join(real, names[0]!)), [], "nothing half-made");
      assert.deepEqual(readdirSync(folder), ["root"]);
      assert.equal(existsSync("/tmp/elsewhere-lie"), false);
      assert.ok(openDescriptors() <= descriptors + SPARE_DESCRIPTORS, "no descriptors are left open");
    },
  };
}

function openDescriptors(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}

/** What the test's own machinery may have opened meanwhile. */
const SPARE_DESCRIPTORS = 2;
