import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openSlotFile } from "#build/remote/slot-file.ts";

test("a builder's slots are never held twice, however many processes want them", async () => {
  using place = new Place();
  const holders = await Promise.all([1, 2, 3, 4].map(() => place.holder()));
  const answers = await Promise.all(holders.map((holder) => holder.asks("take 3")));
  assert.deepEqual(answers.sort(), ["full", "took", "took", "took"]);
  await Promise.all(holders.map((holder) => holder.end("leave")));
  assert.deepEqual(place.sockets(), []);
});

test("a slot given back is heard of by those that came before and after", async () => {
  using place = new Place();
  const [early, holder, late] = [await place.holder(), await place.holder(), await place.holder()];
  assert.equal(await holder.asks("take 1"), "took");
  await Promise.all([early.says("held 1"), late.says("held 1")]);
  holder.tell("give");
  await Promise.all([early.says("held 0"), late.says("held 0")]);
  assert.equal(await late.asks("take 1"), "took");
  await Promise.all([early, holder, late].map((one) => one.end("leave")));
});

for (const order of ["before", "after"] as const)
  test(`the slots of a process that is killed are heard to be free by one that came ${order} it`, async () => {
    using place = new Place();
    const first = await place.holder();
    const second = await place.holder();
    const [holder, waiter] = order === "before" ? [second, first] : [first, second];
    assert.equal(await holder.asks("take 2"), "took");
    assert.equal(await holder.asks("take 2"), "took");
    await waiter.says("held 2");
    assert.equal(await waiter.asks("take 2"), "full");
    holder.kill();
    await waiter.says("held 0");
    assert.equal(await waiter.asks("take 2"), "took");
    await waiter.end("leave");
    assert.deepEqual(place.sockets(), []);
  });

test("what a killed process held is free for one that never met it", async () => {
  using place = new Place();
  const holder = await place.holder();
  assert.equal(await holder.asks("take 1"), "took");
  holder.kill();
  await holder.gone;
  await using share = await openSlotFile(place.folder);
  using lease = share.take(BUILDER, 1);
  assert.ok(lease);
});

test("where nothing can be written, nothing is shared and every slot is had", async () => {
  using place = new Place();
  const file = join(place.folder, "no-folder");
  writeFileSync(file, "");
  await using share = await openSlotFile(file);
  using lease = share.take(BUILDER, 1);
  using another = share.take(BUILDER, 1);
  assert.ok(lease && another);
});

const BUILDER = "ssh-ng://box";

class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-slots-"));
  readonly #holders: Holder[] = [];

  async holder(): Promise<Holder> {
    const holder = new Holder(this.folder);
    this.#holders.push(holder);
    await holder.says("ready");
    return holder;
  }

  sockets(): string[] {
    return readdirSync(join(this.folder, "slots")).filter((name) => name.endsWith(".sock"));
  }

  [Symbol.dispose](): void {
    for (const holder of this.#holders) holder.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A process of its own that holds slots. */
class Holder {
  readonly gone: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #said: string[] = [];

  constructor(stateDir: string) {
    const script = fileURLToPath(new URL("slot-holder.ts", import.meta.url));
    const flags = ["--disable-warning=ExperimentalWarning"];
    this.#child = spawn(process.execPath, [...flags, script, stateDir, BUILDER], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.gone = once(this.#child, "exit");
    this.#lines = createInterface({ input: this.#child.stdout! });
    this.#lines.on("line", (line) => this.#said.push(line));
  }

  tell(command: string): void {
    this.#child.stdin!.write(`${command}\n`);
  }

  /** The next answer to a question; what changes meanwhile is no answer. */
  async asks(command: string): Promise<string> {
    this.#said.length = 0;
    this.tell(command);
    return await this.#find((line) => /^(took|full)/.test(line));
  }

  async says(line: string): Promise<void> {
    await this.#find((said) => said === line);
  }

  async end(command: string): Promise<void> {
    this.tell(command);
    await this.gone;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #find(isIt: (line: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.#said.find(isIt);
      if (found !== undefined) return found;
      await once(this.#lines, "line");
    }
  }
}
