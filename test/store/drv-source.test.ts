import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encodeText } from "#base/text.ts";
import { parseDerivation } from "#nix/derivation-aterm.ts";
import { derivationPath } from "#nix/derivation-hash.ts";
import { DEFAULT_STORE_DIR as STORE, type StorePath } from "#nix/store-path.ts";
import { FolderDrvSource, loadDerivationGraph, openDrvFile } from "#store/drv-source.ts";

/** A folder of `.drv` files that chain to each other; `paths` from the first to the last. */
function writeChain(...names: string[]): Disposable & { folder: string; paths: StorePath[] } {
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-drvs-"));
  const paths: StorePath[] = [];
  for (const name of names) {
    const input = paths.at(-1);
    const inputs = input ? `("${STORE}/${input}",["out"])` : "";
    const text = `Derive([("out","","","")],[${inputs}],[],"x86_64-linux","/bin/sh",[],[("name","${name}")])`;
    const path = derivationPath(STORE, parseDerivation(STORE, text, name), encodeText(text));
    writeFileSync(join(folder, path), text);
    paths.push(path);
  }
  return { folder, paths, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test("a .drv outside any store is read with its inputs beside it", async () => {
  using chain = writeChain("first", "second", "third");
  const opened = openDrvFile(STORE, join(chain.folder, chain.paths[2]!));
  assert.equal(opened.path, chain.paths[2]);
  const graph = await loadDerivationGraph(STORE, opened.source, [opened.path]);
  assert.deepEqual(
    [...graph.topologicalOrder()].map((id) => graph.pathOf(id)),
    chain.paths,
  );
});

test("a .drv under another name gets the path that its contents make", () => {
  using chain = writeChain("first");
  const text = 'Derive([("out","","","")],[],[],"x86_64-linux","/bin/sh",[],[("name","first")])';
  writeFileSync(join(chain.folder, "first.drv"), text);
  assert.equal(openDrvFile(STORE, join(chain.folder, "first.drv")).path, chain.paths[0]);
});

test("a .drv that was changed after it was written is refused", () => {
  using chain = writeChain("first");
  const file = join(chain.folder, chain.paths[0]!);
  writeFileSync(file, 'Derive([("out","","","")],[],[],"x86_64-linux","/bin/evil",[],[("name","first")])');
  assert.throws(() => openDrvFile(STORE, file), { code: "WRONG_DERIVATION_PATH" });
});

test("an input that is not there is an error that names the file", async () => {
  using chain = writeChain("first", "second");
  rmSync(join(chain.folder, chain.paths[0]!));
  const load = loadDerivationGraph(STORE, new FolderDrvSource(chain.folder), [chain.paths[1]!]);
  await assert.rejects(load, { code: "NO_SUCH_DERIVATION", message: new RegExp(chain.paths[0]!) });
});

test("files of every size are read whole", () => {
  using chain = writeChain("first");
  const source = new FolderDrvSource(chain.folder);
  const path = chain.paths[0]!;
  for (const size of [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 3_000_000]) {
    const contents = Buffer.alloc(size, "abcdefg");
    writeFileSync(join(chain.folder, path), contents);
    assert.ok(source.readDerivation(path).equals(contents), `${size} bytes`);
  }
});

test("bytes that were read stay as they were when more is read", () => {
  using chain = writeChain(...Array.from({ length: 40 }, (_, index) => `drv-${index}`));
  const source = new FolderDrvSource(chain.folder);
  const read = () => chain.paths.map((path) => source.readDerivation(path));
  const first = read();
  const copies = first.map((bytes) => Buffer.from(bytes));
  read();
  assert.deepEqual(first, copies);
});
