import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { promisify } from "node:util";
import { ElsewhereError } from "#base/errors.ts";
import { ARGUMENTS_FD, STATUS_FD } from "./bubblewrap-arguments.ts";
import { describeSetupFailure } from "./setup-failure.ts";

export interface LaunchOptions {
  readonly system: string;
  /** Table of mounts for mount(8), to be made before. */
  readonly staged: string | undefined;
}

/** The system's programs that the sandbox is made with, found and tried once. */
export interface BubblewrapTools {
  readonly sh: string;
  readonly canNameProgram: boolean;
  /** The command up to and without `--` and the program. */
  launch(options: LaunchOptions): string[];
}

/** Finds the programs and tries whether namespaces can be had. Throws an error that says what to type if not. */
export async function findBubblewrapTools(searchPath: string): Promise<BubblewrapTools> {
  const find = (name: string) => findProgram(name, searchPath);
  const bwrap = find("bwrap");
  if (!bwrap) throw new NoBubblewrapError();
  const [version] = await Promise.all([versionOf(bwrap), tryNamespaces(bwrap)]);
  const tools = { sh: find("sh") ?? "/bin/sh", bwrap, unshare: find("unshare"), mount: find("mount") };
  const setarch = await findPersonality(find("setarch"));
  return {
    sh: tools.sh,
    canNameProgram: version >= 9,
    launch: (options) => launchCommand({ ...tools, setarch }, options),
  };
}

class NoBubblewrapError extends ElsewhereError {
  constructor() {
    super("SANDBOX_UNAVAILABLE", "Cannot sandbox builds: the program bwrap is not in PATH", {
      hint: "Install bubblewrap (apt-get install bubblewrap, dnf install bubblewrap, apk add bubblewrap), or build without a sandbox: --sandbox none",
    });
  }
}

interface Programs {
  readonly sh: string;
  readonly bwrap: string;
  readonly unshare: string | undefined;
  readonly mount: string | undefined;
  readonly setarch: string | undefined;
}

function launchCommand(programs: Programs, { system, staged }: LaunchOptions): string[] {
  const bwrap = [programs.bwrap, "--json-status-fd", String(STATUS_FD), "--args", String(ARGUMENTS_FD)];
  const personality = programs.setarch ? [programs.setarch, personalityOf(system), "-R"] : [];
  if (staged === undefined) return [...personality, ...bwrap];
  if (!programs.unshare || !programs.mount)
    throw new ElsewhereError(
      "SANDBOX_UNAVAILABLE",
      "Cannot sandbox a build with many inputs: unshare or mount is not in PATH",
      {
        hint: "Install util-linux",
      },
    );
  const unshare = [programs.unshare, ...(process.getuid?.() === 0 ? ["-m"] : ["-U", "-r", "-m"])];
  return [...personality, ...unshare, programs.sh, "-c", MOUNT, programs.mount, staged, ...bwrap];
}

/** `-n -c`: no table of mounts of its own, and paths taken as they are; else its cost is quadratic. */
const MOUNT = '"$0" -n -c -a -T "$1" || exit 1; shift; exec "$@"';

/** The name under which setarch knows a system's processor. */
function personalityOf(system: string): string {
  const machine = system.split("-")[0] ?? "";
  const host = process.arch === "arm64" ? "aarch64" : process.arch === "x64" ? "x86_64" : "linux64";
  if (host === "x86_64" && machine === "i686") return "i686";
  if (host === "aarch64" && /^armv[67]l$/.test(machine)) return "linux32";
  return host;
}

/** Some container runtimes refuse personality(2): builds then run with addresses at random. */
async function findPersonality(setarch: string | undefined): Promise<string | undefined> {
  if (!setarch) return undefined;
  try {
    await run(setarch, [personalityOf(""), "-R", "true"]);
    return setarch;
  } catch {
    return undefined;
  }
}

async function versionOf(bwrap: string): Promise<number> {
  const { stdout } = await run(bwrap, ["--version"]);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  return Number(major) * 100 + Number(minor);
}

async function tryNamespaces(bwrap: string): Promise<void> {
  const args = ["--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"];
  try {
    await run(bwrap, [...args, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"]);
  } catch (error) {
    const { stderr = "", code = null } = error as { stderr?: string; code?: number | null };
    throw describeSetupFailure({ text: stderr, code, signal: null, error: error as Error });
  }
}

function findProgram(name: string, searchPath: string): string | undefined {
  return `${searchPath}:${USUAL_FOLDERS}`
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder}/${name}`)
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);
const USUAL_FOLDERS = "/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin";
