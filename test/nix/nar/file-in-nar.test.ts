import assert from "node:assert/strict";
import { test } from "node:test";
import { fileInNar } from "#nix/nar/file-in-nar.ts";
import { NarWriter } from "#nix/nar/nar-writer.ts";

function narOf(write: (writer: NarWriter) => void): Buffer {
  const chunks: Buffer[] = [];
  const writer = new NarWriter((chunk) => chunks.push(chunk));
  write(writer);
  writer.flush();
  return Buffer.concat(chunks);
}

for (const executable of [false, true])
  test(`the contents of a NAR's one file are found, ${executable ? "" : "not "}executable`, () => {
    const nar = narOf((writer) => {
      writer.beginFile("", { executable, size: 5, offset: 0 });
      writer.contents(Buffer.from("hello"));
      writer.endFile();
    });
    assert.equal(fileInNar(nar)?.toString(), "hello");
  });

test("a NAR of a folder or a symlink is no file", () => {
  const folder = narOf((writer) => {
    writer.enterDirectory("");
    writer.leaveDirectory();
  });
  assert.equal(fileInNar(folder), undefined);
  assert.equal(fileInNar(narOf((writer) => writer.symlink("", "target"))), undefined);
});
