import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DEFAULT_STORE_DIR, parseStorePathBaseName } from "#nix/store-path.ts";
import { ByteWriter } from "#wire/codec/byte-writer.ts";
import type { Codec } from "#wire/codec/codec.ts";
import { hookBuild, hookSettings, hookWord, TRY } from "#wire/hook/requests.ts";

const HOOK = fileURLToPath(new URL("../../bin/elsewhere-hook", import.meta.url));
const NOBODY = 65534;
const skip = process.getuid?.() !== 0 && "only root can be two users";

/** A user of this machine, with a folder for his resident process. */
class User {
  readonly uid: number;
  readonly stateHome: string;
  readonly folder: string;
  readonly #home: string;

  constructor(t: TestContext, place: string, uid: number) {
    this.uid = uid;
    this.#home = join(place, `home-${uid}`);
    // Where it is by itself, given the other.
    this.stateHome = join(this.#home, "state");
    this.folder = join(this.stateHome, "elsewhere/run");
    mkdirSync(this.#home);
    chownSync(this.#home, uid, uid);
    // Others may pass: it is the folder itself that keeps them out.
    chmodSync(this.#home, 0o755);
    t.after(() => this.stop());
  }

  get residentPid(): number | undefined {
    const file = join(this.folder, "resident");
    return existsSync(file) ? Number(readFileSync(file, "utf8").split(" ")[0]) : undefined;
  }

  /** What the hook answers to Nix that has a build and no machines. */
  async offer(env: Record<string, string> = { ELSEWHERE_RUNTIME_DIR: this.folder }): Promise<string> {
    const child = this.start([HOOK, "3"], { ...env, ELSEWHERE_HOOK_RELAY: "1" });
    child.stdin!.on("error", () => undefined).end(CONVERSATION);
    return await said(child);
  }

  async run(...command: readonly string[]): Promise<string> {
    const child = this.start(command);
    child.stdin!.end();
    return await said(child);
  }

  /** Ends his resident process, and waits until it has. */
  async stop(): Promise<void> {
    const pid = this.residentPid;
    if (pid === undefined) return;
    process.kill(pid, "SIGTERM");
    while (existsSync(`/proc/${pid}`)) await new Promise(setImmediate);
  }

  start(command: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const words = ["--reuid", this.uid, "--regid", this.uid, "--clear-groups", ...command].map(String);
    return spawn("setpriv", words, {
      // The log of the build goes to the fifth. These are sockets, which nobody can open by name: so they are passed on.
      stdio: ["pipe", "pipe", "pipe", "ignore", "pipe"],
      env: { PATH: process.env.PATH, HOME: this.#home, ELSEWHERE_NODE: process.execPath, ...env },
    });
  }
}

test("two users have a resident process each, at the same time, and neither gets at the other's", {
  skip,
}, async (t) => {
  const place = mkdtempSync(join(tmpdir(), "elsewhere-users-"));
  chmodSync(place, 0o755);
  const [root, other] = [new User(t, place, 0), new User(t, place, NOBODY)];
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const answers = await Promise.all([root, other].map((user) => user.offer()));
  for (const answer of answers) assert.match(answer, /^# decline-permanently$/m);
  assert.notEqual(root.residentPid, other.residentPid);
  for (const user of [root, other]) {
    const { uid, mode } = statSync(user.folder);
    assert.deepEqual([uid, mode & 0o777], [user.uid, 0o700]);
    assert.equal(statSync(`/proc/${user.residentPid}`).uid, user.uid);
  }
  assert.match(await other.run("ls", root.folder), /Permission denied/);
  assert.match(
    await other.run("sh", "-c", `echo ${root.folder}/call.1 > ${root.folder}/bell`),
    /Permission denied|cannot create/,
  );
  // Nor is one led into the other's by a setting: whoever may write a folder is obeyed by who serves it.
  const before = other.residentPid;
  assert.match(
    await root.offer({ ELSEWHERE_RUNTIME_DIR: other.folder }),
    /another user owns .*\n# decline-permanently/,
  );
  assert.equal(other.residentPid, before);
  assert.match(
    await other.offer({ ELSEWHERE_RUNTIME_DIR: root.folder }),
    /permission denied[^#]*\n# decline-permanently/,
  );
  // As sudo may leave it.
  assert.match(
    await root.offer({ XDG_RUNTIME_DIR: other.folder, XDG_STATE_HOME: root.stateHome }),
    /^# decline-permanently$/m,
  );
  assert.ok(!existsSync(join(other.folder, "elsewhere")));
});

test("first calls of one user at the same instant start one resident process", {
  timeout: 60_000,
}, async (t) => {
  const place = mkdtempSync(join(tmpdir(), "elsewhere-users-"));
  chmodSync(place, 0o755);
  const user = new User(t, place, process.getuid!());
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const answers = await Promise.all(Array.from({ length: 2 }, () => user.offer()));
  for (const answer of answers) assert.match(answer, /^# decline-permanently$/m);
  const pid = user.residentPid!;
  assert.ok(existsSync(`/proc/${pid}`));
  const others = readdirSync("/proc").filter((other) => isResidentIn(other, user.folder));
  assert.deepEqual(others, [String(pid)]);
});

/** Whether a process keeps the log of the folder open: from its first moment a resident process does. */
function isResidentIn(pid: string, folder: string): boolean {
  try {
    return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/fd/1`) === join(folder, "log");
  } catch {
    return false;
  }
}

async function said(child: ChildProcess): Promise<string> {
  let all = "";
  for (const output of [child.stdout!, child.stderr!])
    output.setEncoding("utf8").on("data", (text: string) => (all += text));
  await once(child, "close");
  return all;
}

const CTX = { version: 0, features: new Set<string>(), storeDir: DEFAULT_STORE_DIR };
const CONVERSATION = Buffer.concat([
  written(hookSettings, new Map([["builders", ""]])),
  written(hookWord, TRY),
  written(hookBuild, {
    amWilling: false,
    system: "x86_64-linux",
    drvPath: parseStorePathBaseName(`${"0".repeat(32)}-app.drv`),
    requiredFeatures: [],
  }),
]);

function written<T>(codec: Codec<T>, value: T): Buffer {
  const out = new ByteWriter();
  codec.encode(value, out, CTX);
  return Buffer.concat([...out.takeChunks()]);
}
