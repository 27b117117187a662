import { execFileSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "#base/errors.ts";
import { NIX_SUITES, type NixSuite } from "#rig/nix-root.ts";

/** Where the sources are kept between runs. */
const CACHE = process.env.ELSEWHERE_FUNCTIONAL_CACHE ?? "/var/tmp/elsewhere-functional";

/** Nix's functional tests, and of which release they are. */
export interface NixTests {
  readonly folder: string;
  readonly version: string;
}

/**
 * The tests of the Nix that a suite of Debian has, or where its source cannot be had, those of the release before.
 * They are fetched by apt as Debian's source package when they are not there yet. Throws with the reason when no tests
 * can be had.
 */
export function bringTests(suite: NixSuite): NixTests {
  try {
    return testsIn(bringSource(suite));
  } catch (error) {
    const before = NIX_SUITES[NIX_SUITES.indexOf(suite) - 1];
    if (before === undefined) throw error;
    console.error(`${suite}: ${messageOf(error)}; taking the tests of ${before}`);
    return bringTests(before);
  }
}

function bringSource(suite: NixSuite): string {
  const kept = join(CACHE, suite);
  if (existsSync(kept)) return kept;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "fetching-"));
  try {
    fetchSource(suite, folder);
    renameSync(folder, kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return kept;
}

/** Has apt fetch and unpack the source of Nix, by lists of its own, so that the machine's stay as they are. */
function fetchSource(suite: NixSuite, folder: string): void {
  const list = join(folder, "sources.list");
  writeFileSync(list, `deb-src [signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`);
  mkdirSync(join(folder, "lists/partial"), { recursive: true });
  mkdirSync(join(folder, "apt/archives/partial"), { recursive: true });
  const settings = [
    `Dir::Etc::SourceList=${list}`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}/apt`,
    "Acquire::Check-Valid-Until=false",
    "APT::Sandbox::User=root",
  ].flatMap((setting) => ["-o", setting]);
  run("apt-get", ["-qq", ...settings, "update"], folder);
  run("apt-get", ["-qq", ...settings, "--download-only", "--tar-only", "source", "nix"], folder);
  const [archive] = globSync("nix_*.orig.tar.*", { cwd: folder });
  if (archive === undefined) throw new Error("apt brought no source of Nix");
  run("tar", ["--extract", "--file", archive], folder);
  for (const spent of ["lists", "apt", archive]) rmSync(join(folder, spent), { recursive: true });
}

function testsIn(folder: string): NixTests {
  const [found] = globSync(["*/tests/functional/build-remote.sh", "*/tests/build-remote.sh"], {
    cwd: folder,
  });
  if (found === undefined) throw new Error(`no functional tests of Nix in ${folder}`);
  const [source] = found.split("/");
  const version = readFileSync(join(folder, source!, ".version"), "utf8").trim();
  return { folder: join(folder, dirname(found)), version };
}

function run(program: string, args: readonly string[], cwd: string): void {
  try {
    execFileSync(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    const said = String((error as { stderr?: unknown }).stderr ?? error).trim();
    throw new Error(said.split("\n").find((line) => line.startsWith("E:")) ?? said);
  }
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
