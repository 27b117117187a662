import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fchmodSync, openSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Place, Server } from "./place.ts";
import { TESTER, type TestBed } from "./test-bed.ts";
import type { TestTree } from "./test-tree.ts";

export interface TestRun {
  /** The file, below the folder of tests. */
  readonly name: string;
  readonly place: Place;
  readonly server: Server;
}

export interface Ran {
  readonly outcome: "passed" | "failed" | "skipped" | "timed out";
  readonly tookMs: number;
  /** All that the test wrote. */
  readonly log: string;
}

/** Runs one of Nix's tests, and leaves no process of it behind. */
export async function runTest(bed: TestBed, run: TestRun): Promise<Ran> {
  const key = keyOf(run);
  const logFile = join(bed.folder, `${key}.log`);
  const output = openSync(logFile, "w");
  // Tests open /dev/stderr.
  fchmodSync(output, 0o666);
  const startedMs = Date.now();
  const [program, ...within] = bed.root.within;
  const child = spawn(program!, [...within, ...commandOf(bed, run)], {
    cwd: bed.checkout,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const kill = () => void child.kill("SIGKILL");
  const limit = setTimeout(kill, TEST_MS_MAX);
  bed.signal.addEventListener("abort", kill);
  const [code] = (await once(child, "exit")) as [number | null];
  bed.signal.removeEventListener("abort", kill);
  clearTimeout(limit);
  const log = readFileSync(logFile, "utf8");
  return { outcome: outcomeOf(code, bed.tree), tookMs: Date.now() - startedMs, log };
}

/** Longest that a test may take: Nix's own limit is half of it. */
const TEST_MS_MAX = 600_000;

/** Short: sockets lie in a folder of that name. */
function keyOf({ name, place, server }: TestRun): string {
  return `${place[0]}${server[0]}-${name.replaceAll("/", "-").replace(/\.sh$/, "")}`;
}

function outcomeOf(code: number | null, { skippedCode }: TestTree): Ran["outcome"] {
  if (code === null) return "timed out";
  return code === 0 ? "passed" : code === skippedCode ? "skipped" : "failed";
}

function commandOf({ tree, packages, folder }: TestBed, run: TestRun): string[] {
  const environment = {
    TMPDIR: folder,
    TEST_NAME: keyOf(run),
    NIX_REMOTE: "",
    shell: "/bin/bash",
    // They want to know it, but Nix 2.8 takes it for a folder.
    ...(!tree.isOld && { NIX_STORE: "" }),
    _NIX_TEST_SOURCE_DIR: tree.source,
    _NIX_TEST_BUILD_DIR: tree.build,
    PS4: "+($" + "{BASH_SOURCE[0]-$0}:$LINENO) ",
    ...(run.place === "store" && { NIX_REMOTE_: "ssh-ng://localhost" }),
    [run.place === "daemon" ? "NIX_DAEMON_PACKAGE" : "NIX_CLIENT_PACKAGE"]: packages[run.server],
  };
  const words = Object.entries(environment).map(([variable, value]) => `${variable}=${value}`);
  const test = join(tree.source, run.name);
  return [
    // What a test starts ends with the first process of its namespace, which must stay root's to be ended with this one.
    ...["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"],
    ...["sh", "-c", `setpriv --reuid=${TESTER} --regid=${TESTER} --clear-groups "$@"; exit $?`, "sh"],
    ...["env", ...words],
    ...["bash", "-c", tree.isOld ? OLD_SCRIPT : SCRIPT, "test", dirname(test), basename(test), tree.source],
  ];
}

const SCRIPT = 'ulimit -u 500; cd "$1" && exec bash -x -e -u -o pipefail "$2"';
/** The folders of a test are made by a script, which knows nothing of daemons. */
const OLD_SCRIPT = `mkdir -p "$TMPDIR/nix-test"
ulimit -u 500
(cd "$3" && env --unset=NIX_DAEMON_PACKAGE bash -e init.sh) || exit 1
cd "$1" && exec bash -e "$2"`;
