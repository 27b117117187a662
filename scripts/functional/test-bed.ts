import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { nameless } from "./busybox.ts";
import { type Packages, writePackages } from "./packages.ts";
import { bringTests } from "./sources.ts";
import { makeTestTree, type TestTree } from "./test-tree.ts";

/** What tests of a suite are run with. */
export interface TestBed extends Disposable {
  readonly suite: NixSuite;
  readonly root: NixRoot;
  readonly version: string;
  /** Of which release the tests are. */
  readonly testsOf: string;
  readonly tree: TestTree;
  readonly packages: Packages;
  /** For everything that tests leave behind. Short: sockets lie in it. */
  readonly folder: string;
  /** The working folder that the root shows. */
  readonly checkout: string;
  /** Ends the tests that run. */
  readonly signal: AbortSignal;
}

/** Makes everything ready. Throws with the reason where the tests cannot be run. */
export async function openTestBed(
  suite: NixSuite,
  signal: AbortSignal = new AbortController().signal,
): Promise<TestBed> {
  const why = withoutNix(suite);
  if (why) throw new Error(why);
  const tests = bringTests(suite);
  using undo = new DisposableStack();
  const root = undo.use(new NixRoot(suite, "functional"));
  const folder = mkdtempSync(join(tmpdir(), "ef-"));
  undo.defer(() => rmSync(folder, { recursive: true, force: true }));
  await prepareRoot(root, folder);
  const busybox = join(folder, "busybox");
  writeFileSync(busybox, nameless(readFileSync(join(rootFolder(suite), "bin/busybox"))), { mode: 0o755 });
  const version = (await root.run(["nix", "--version"])).split(" ").at(-1)!;
  const tree = makeTestTree(tests.folder, { folder, busybox, version });
  const packages = writePackages(folder, elsewhereIn(folder));
  await root.run(["chown", "-R", `${TESTER}:`, folder]);
  const opened = undo.move();
  return {
    ...{ suite, root, version, testsOf: tests.version, tree, packages, folder, checkout: CHECKOUT, signal },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

/** Nix's tests see whether modes hold, which root does not notice. */
export const TESTER = "tester";

const CHECKOUT = join(import.meta.dirname, "../..");

/** What the tests call that is not in a root, and who runs them. */
async function prepareRoot(root: NixRoot, folder: string): Promise<void> {
  const script = `
    command -v jq git bwrap >/dev/null || {
      apt-get -qq -o Acquire::Check-Valid-Until=false update
      DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends jq git bubblewrap
    }
    id ${TESTER} || useradd ${TESTER}
    mkdir -p /nix/store`;
  const { code, said } = await root.attempt(["sh", "-e", "-c", script]);
  if (code !== 0) throw new Error(`cannot prepare the root with Nix in ${folder}: ${said}`);
}

function rootFolder(suite: NixSuite): string {
  return execFileSync(join(CHECKOUT, "scripts/nix-root"), ["path", suite], { encoding: "utf8" }).trim();
}

/** Elsewhere by a name of its own, with a Node that the root shows. */
function elsewhereIn(folder: string): string {
  const node = join(folder, "node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  const program = join(folder, "elsewhere-here");
  writeFileSync(program, `#!/bin/sh\nELSEWHERE_NODE=${node} exec ${CHECKOUT}/bin/elsewhere "$@"\n`, {
    mode: 0o755,
  });
  return program;
}
