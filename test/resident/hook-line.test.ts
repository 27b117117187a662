import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { type Clock, systemClock } from "#base/clock.ts";
import { ElsewhereError, MalformedError } from "#base/errors.ts";
import { HELLO_MARK } from "#resident/hook/hello.ts";
import { answerHook } from "#resident/hook/hook-line.ts";
import { openPipeForReading } from "#resident/hook/pipe.ts";

/** The pipes of a process that Nix started as its hook, and what Nix and the user read. */
class Caller {
  readonly call: string;
  readonly nix: string;
  readonly said: Promise<string>;
  readonly logged: Promise<string>;
  readonly told: Promise<string>;
  readonly #life: number;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), "elsewhere-line-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.call = join(folder, "call.1");
    const [life, reply] = [`${this.call}.life`, `${this.call}.reply`];
    const [nix, out, log] = [join(folder, "nix"), join(folder, "out"), join(folder, "log")];
    execFileSync("mkfifo", [life, reply, nix, out, log]);
    this.nix = nix;
    // Open for both, so that nobody waits for the other.
    this.#life = openSync(life, constants.O_RDWR | constants.O_NONBLOCK);
    const ends = [reply, out, log].map(openPipeForReading);
    t.after(() => {
      for (const end of ends) end.destroy();
    });
    [this.told, this.said, this.logged] = ends.map(wholeOf) as [
      Promise<string>,
      Promise<string>,
      Promise<string>,
    ];
  }

  greet(...variables: readonly string[]): void {
    const at = (name: string) => join(this.call, "..", name);
    const fields = [HELLO_MARK, "3", at("nix"), at("out"), at("log"), ...variables, ""];
    this.write(fields.map((field) => `${field}\0`).join(""));
  }

  write(words: string): void {
    writeSync(this.#life, words);
  }

  /** Nix ends it. */
  goAway(): void {
    closeSync(this.#life);
  }

  get arePipesGone(): boolean {
    return !existsSync(`${this.call}.life`) && !existsSync(`${this.call}.reply`);
  }
}

/** What comes until the end, where somebody waits for it. */
function wholeOf(end: Socket): Promise<string> {
  const whole = text(end);
  whole.catch(() => undefined);
  return whole;
}

const lateClock: Clock = { now: () => 0, sleep: async () => undefined };

test("a hook is given what is said, what the build says, and how it shall end, in whole", async (t) => {
  const caller = new Caller(t);
  caller.greet("HOME=/root");
  const line = await answerHook(caller.call, systemClock);
  assert.deepEqual(line.hello.env, { HOME: "/root" });
  assert.ok(caller.arePipesGone);
  line.tell("# accept\nbox\n");
  line.log("a".repeat(300_000));
  await line.end(100);
  caller.goAway();
  assert.equal(await caller.said, "# accept\nbox\n");
  assert.equal((await caller.logged).length, 300_000);
  assert.equal(await caller.told, "100\n");
});

test("what Nix says comes as it is said", async (t) => {
  const caller = new Caller(t);
  caller.greet();
  const line = await answerHook(caller.call, systemClock);
  const nix = openSync(caller.nix, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(nix, "try");
  closeSync(nix);
  const said: Uint8Array[] = [];
  for await (const chunk of line.input) said.push(chunk);
  assert.equal(Buffer.concat(said).toString(), "try");
  await line.end(0);
  caller.goAway();
});

test("a hook that Nix ended has hung up, and waits for nothing", async (t) => {
  const caller = new Caller(t);
  caller.greet();
  const line = await answerHook(caller.call, systemClock);
  const hungUp = new Promise((resolve) => line.hungUp.addEventListener("abort", resolve));
  caller.goAway();
  await hungUp;
  assert.match(String(line.hungUp.reason), /Nix ended its build hook/);
  await line.end(1);
});

test("one that rang and says nothing is let go", async (t) => {
  const caller = new Caller(t);
  await assert.rejects(answerHook(caller.call, lateClock), (error) => {
    return error instanceof ElsewhereError && error.code === "HOOK_SILENT";
  });
  caller.goAway();
  assert.equal(await caller.told, "1\n");
  assert.ok(caller.arePipesGone);
});

test("one that says what no hook says is told to end, and leaves nothing", async (t) => {
  const caller = new Caller(t);
  caller.write("noise\0\0");
  await assert.rejects(answerHook(caller.call, systemClock), MalformedError);
  caller.goAway();
  assert.equal(await caller.told, "1\n");
  assert.ok(caller.arePipesGone);
});
