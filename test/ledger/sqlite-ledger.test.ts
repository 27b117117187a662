import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SqliteLedger } from "#ledger/sqlite/sqlite-ledger.ts";
import { ledgerContract } from "../contract/ledger.ts";

class LedgerFile implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-ledger-"));
  readonly file = join(this.folder, "state/ledger.sqlite");

  async open(): Promise<SqliteLedger> {
    return new SqliteLedger(this.file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

ledgerContract("a ledger in SQLite", async () => new LedgerFile());

test("processes that write at the same time lose nothing, and a killed one is found to have been", async () => {
  await using place = new LedgerFile();
  const writers = Array.from({ length: 4 }, (_, index) =>
    fork(WRITER, [place.file, `w${index}`, "50"], { execArgv: ["--disable-warning=ExperimentalWarning"] }),
  );
  // Heard from the start on: they may end before the victim says a word.
  const ended = writers.map(async (writer) => (await once(writer, "exit"))[0]);
  const victim = fork(WRITER, [place.file, "victim", "Infinity"], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const gone = once(victim, "exit");
  const [said] = await Promise.race([once(victim, "message"), gone]);
  victim.kill("SIGKILL");
  await gone;
  assert.equal(said, "under way");
  assert.deepEqual(await Promise.all(ended), [0, 0, 0, 0]);
  await using ledger = await place.open();
  for (let index = 0; index < 4; index++)
    assert.equal((await ledger.builds({ request: `w${index}`, limit: 100 })).length, 50);
  const [request] = await ledger.requests(["victim"]);
  assert.equal(request!.end, "interrupted");
  const ends = new Set((await ledger.builds({ request: "victim", limit: 1e6 })).map(({ end }) => end));
  assert.deepEqual([...ends], ["interrupted"]);
});

test("a ledger of a newer version is left alone, and the error says what to do", async () => {
  await using place = new LedgerFile();
  await (await place.open())[Symbol.asyncDispose]();
  const db = new DatabaseSync(place.file);
  db.exec("pragma user_version = 999");
  db.close();
  assert.throws(
    () => new SqliteLedger(place.file),
    (error: Error & { hint?: string }) =>
      /version 999, and only \d+ is known/.test(error.message) && /a newer Elsewhere/.test(error.hint ?? ""),
  );
});

const WRITER = fileURLToPath(new URL("ledger-writer.ts", import.meta.url));
