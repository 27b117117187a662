// What takes too long for every change: `npm run nightly [-- chaos|fuzz|functional|guest]`. A seed that it prints, given as
// ELSEWHERE_SEED, makes it choose the same blows again; how the machine takes them is the machine's affair.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GUEST_FOLDER, withoutGuest } from "#rig/guest.ts";
import { NixRoot, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { withoutSandbox } from "../test/build/local/build-rig.ts";
import { Chance } from "../test/chaos/chance.ts";
import { ChaosRig, STORES } from "../test/chaos/chaos-rig.ts";
import { runRound } from "../test/chaos/round.ts";
import { GUEST_PARTS, installSystemParts } from "./system-packages.ts";

const CHAOS_ROUNDS = Number(process.env.ELSEWHERE_CHAOS_ROUNDS ?? 100);
const FUZZ_RUNS = Number(process.env.ELSEWHERE_FUZZ_RUNS ?? 22_000);
/** Fewer than these, and the night was no night. */
const FUZZ_CASES_MIN = 1_000_000;
/** After so many rounds real Nix looks at the stores too. */
const ROUNDS_BETWEEN_REAL = 10;

/** Debian's kernel for clouds, unpacked and not installed. */
const FETCH_KERNEL = `
mkdir -p "$1"
cd "$1"
apt-get download "$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-.*\\)/\\1/p')"
dpkg-deb -x linux-image-*.deb .
rm linux-image-*.deb`;

const wanted = process.argv.slice(2);
const root = join(import.meta.dirname, "..");

installSystemParts();
if (wanted.length === 0 || wanted.includes("chaos")) await runChaos();
if (wanted.length === 0 || wanted.includes("fuzz")) await runFuzz();
if (wanted.length === 0 || wanted.includes("functional")) await runFunctional();
if (wanted.length === 0 || wanted.includes("guest")) await runGuest();

async function runChaos(): Promise<void> {
  const why = withoutSshd || withoutSandbox;
  if (why) return fail(`The kills were left out: ${why}`);
  const seed = Number(process.env.ELSEWHERE_SEED ?? Date.now() % 2 ** 31);
  const chance = new Chance(seed);
  say(`${CHAOS_ROUNDS} rounds of kill -9, ELSEWHERE_SEED=${seed}`);
  let failed = 0;
  let rig = await ChaosRig.open();
  let hits = 0;
  for (let round = 0; hits + failed < CHAOS_ROUNDS; round++) {
    try {
      const hit = await runRound(rig, {
        tag: `round-${seed}-${round}`,
        chance,
        say: (text) => say(`${round + 1}. ${text}`),
        ...(round % ROUNDS_BETWEEN_REAL === 0 && { inspect: () => askRealNix(rig) }),
      });
      if (hit) hits++;
    } catch (error) {
      failed++;
      fail(`${round + 1}. FAILED: ${error instanceof Error ? error.stack : error}`);
      await rig[Symbol.asyncDispose]();
      rig = await ChaosRig.open();
    }
  }
  await rig[Symbol.asyncDispose]();
  say(`${hits} kills were survived, ${failed} were not (seed ${seed})`);
}

/** `nix-store --verify --check-contents` of real Nix, where a root with one is there. */
async function askRealNix(rig: ChaosRig): Promise<void> {
  if (withoutNix("trixie")) return;
  using nix = new NixRoot("trixie", "chaos");
  for (const name of STORES) {
    const said = await nix.run([
      "sh",
      "-c",
      'nix-store --store "$0" --verify --check-contents 2>&1',
      rig.storeFolder(name),
    ]);
    if (/error|modified|disappeared|mismatch/.test(said)) throw new Error(`Real Nix of ${name}: ${said}`);
  }
  say("   real Nix found the stores whole");
}

/** Runs every test that feeds decoders noise, with many more cases, and counts them. */
async function runFuzz(): Promise<void> {
  const files = globSync("test/**/*.test.ts", { cwd: root })
    .filter((file) => file.endsWith(".test.ts") && /#rig\/fuzz/.test(readFileSync(join(root, file), "utf8")))
    .sort();
  say(`Noise for every decoder, ${FUZZ_RUNS} cases of each kind: ${files.length} files`);
  const flags = [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-reporter=tap",
    "--test-concurrency=2",
  ];
  const run = spawn(process.execPath, [...flags, ...files], {
    cwd: root,
    env: { ...process.env, ELSEWHERE_FUZZ_RUNS: String(FUZZ_RUNS) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let cases = 0;
  for await (const line of linesOf(run.stdout)) {
    const found = /# (\d+) cases$/.exec(line);
    cases += Number(found?.[1] ?? 0);
    if (/^\s*not ok /.test(line)) say(line.trim());
  }
  const [status] = run.exitCode === null ? await once(run, "exit") : [run.exitCode];
  say(`${cases} cases`);
  if (status !== 0) fail("A decoder failed; its words are above");
  if (cases < FUZZ_CASES_MIN) fail(`That is fewer than ${FUZZ_CASES_MIN}`);
}

/** Nix's own tests with Elsewhere as the server, of every release that is there. */
async function runFunctional(): Promise<void> {
  say("Nix's own functional tests");
  const script = join(root, "scripts/functional-tests.ts");
  const run = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
    stdio: "inherit",
  });
  const [status] = await once(run, "exit");
  if (status !== 0) fail("A test of Nix's passes with Nix and fails with Elsewhere; its name is above");
}

/** Limits memory under control groups of version 2, which only a kernel of our own surely has. */
async function runGuest(): Promise<void> {
  installSystemParts(GUEST_PARTS);
  if (withoutGuest()) spawnSync("sh", ["-euc", FETCH_KERNEL, "sh", GUEST_FOLDER], { stdio: "inherit" });
  const why = withoutGuest();
  if (why) return fail(`The guest was left out: ${why}`);
  const words = ["--disable-warning=ExperimentalWarning", "--test", "test/e2e/control-group-v2.test.ts"];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" });
  if (status !== 0) fail("Memory was not limited under control groups of version 2");
}

async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of source) {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

function say(text: string): void {
  console.log(text);
}

function fail(text: string): void {
  say(text);
  process.exitCode = 1;
}
