import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ElsewhereError } from "#base/errors.ts";
import type { Ran, RunOptions, SetupHost } from "#setup/host.ts";
import { splitShellWords } from "#transport/shell-words.ts";

/** The machine that we are on. */
export const setupHost: SetupHost = {
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
  hasSystemd: existsSync("/run/systemd/system"),
  home: process.env.HOME || homedir(),
  hostName: hostname(),
  readText,
  whyFixed,
  writeText,
  remove: (path) => rmSync(path, { force: true }),
  run,
  ssh: ["ssh", ...splitShellWords(process.env.NIX_SSHOPTS ?? "")],
  makeFolder,
  makeKeyPair,
};

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function whyFixed(path: string): string | undefined {
  let place = path;
  while (!existsSync(place)) place = dirname(place);
  const real = realpathSync(place);
  if (/\/nix\/store\//.test(real)) return `it is ${real}, which the machine's configuration makes`;
  return isWritable(statSync(real).isDirectory() ? real : dirname(real))
    ? undefined
    : `${dirname(real)} cannot be written by this user`;
}

function isWritable(folder: string): boolean {
  try {
    rmSync(mkdtempSync(join(folder, ".elsewhere-")), { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/** By a rename, so that nobody ever reads half a file; through links, so that they stay. */
function writeText(path: string, text: string, mode: number): void {
  const target = existsSync(path) ? realpathSync(path) : path;
  const before = existsSync(target) ? lstatSync(target) : undefined;
  mkdirSync(dirname(target), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
  const temporary = `${target}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (before && setupHost.isRoot) chownSync(temporary, before.uid, before.gid);
  chmodSync(temporary, before ? before.mode & 0o7777 : mode);
  renameSync(temporary, target);
}

function run(
  [program, ...args]: readonly [string, ...string[]],
  { input, timeoutMs }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { maxBuffer: OUTPUT_BYTES_MAX, ...(timeoutMs !== undefined && { timeout: timeoutMs }) },
      (error, stdout, stderr) => {
        const missing = (error as NodeJS.ErrnoException | null)?.code === "ENOENT";
        const code = error ? (typeof error.code === "number" ? error.code : missing ? 127 : 1) : 0;
        resolve({ code, stdout, stderr: missing ? `'${program}' is not installed` : stderr });
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input ?? "");
  });
}

function makeFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "elsewhere-setup-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function makeKeyPair(comment: string): Promise<{ secret: string; public: string }> {
  using folder = makeFolder();
  const file = join(folder.path, "key");
  const { code, stderr } = await run([
    "ssh-keygen",
    "-q",
    ...["-t", "ed25519"],
    ...["-N", ""],
    ...["-C", comment],
    ...["-f", file],
  ]);
  if (code !== 0) throw new ElsewhereError("SETUP_KEY", `Cannot make a key: ${stderr.trim()}`);
  return { secret: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8") };
}

const OUTPUT_BYTES_MAX = 1 << 20;
