import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { delayingProxy } from "#rig/delay-relay.ts";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { type Sshd, startSshd } from "#rig/sshd.ts";
import { readArguments } from "./arguments.ts";

/**
 * Offloading trivial builds beside real Nix, in one run, through a real sshd on loopback:
 * `bench/build.ts [SUITE…] [--runs N] [--count N] [--delay ROUND_TRIP_MS] [--scheme ssh|ssh-ng]`. The contestants
 * take turns; seconds are the best of N. All evaluate, send, build on the stock builder, and end with every asked
 * output in the client's store. `shared` is Nix with an ssh ControlMaster that is up already.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "../bin/elsewhere");
const { flags, suites } = readArguments();
const runs = Number(flags.get("runs") ?? 3);
const count = flags.get("count") ?? "100";
const delayMs = Number(flags.get("delay") ?? 0);
const schemes = flags.has("scheme") ? [flags.get("scheme")!] : ["ssh-ng", "ssh"];

/** One way to build a file with a tag that was never used before. */
type Contestant = (words: readonly string[]) => Promise<unknown>;

async function benchSuite(suite: NixSuite): Promise<void> {
  using builder = new NixRoot(suite, "bench-builder");
  using client = new NixRoot(suite, "bench-client");
  const home = mkdtempSync(join(tmpdir(), "elsewhere-bench-"));
  await using sshd = await startSshd({ within: builder.within });
  try {
    const distance = delayMs > 0 ? `, ${delayMs} ms of added round trip` : "";
    const nix = await client.run(["nix", "--version"]);
    console.log(`\n${nix}, ${count} trivial builds, best of ${runs}${distance}`);
    console.log(row(["", "ours", "Nix", "shared", "Nix/ours", "shared/ours"]));
    for (const scheme of schemes)
      for (const shape of ["independent", "chain"]) {
        const entrants = contestants(client, sshOptions(sshd), home);
        const [ours, theirs, shared] = await race(entrants, [join(here, `expressions/${shape}.nix`), scheme]);
        const times = [ours!, theirs!, shared!].map((time) => figure(time, 2));
        const ratios = [theirs!, shared!].map((time) => figure(time / ours!, 1));
        console.log(row([`${shape}, ${scheme}`, ...times, ...ratios]));
      }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What the client gives ssh: with a delay, the way by the relay. */
function sshOptions({ sshOptions, port, folder }: Sshd): readonly string[] {
  if (delayMs === 0) return sshOptions;
  // Nix cuts NIX_SSHOPTS at each space: a file holds what has spaces.
  const file = join(folder, "far_config");
  const near = readFileSync(sshOptions[1]!, "utf8");
  writeFileSync(file, `Host rig\n  ${delayingProxy(port, delayMs)}\n${near}`);
  return ["-F", file];
}

function contestants(client: NixRoot, options: readonly string[], home: string): Contestant[] {
  const plain = options.join(" ");
  const env = {
    NIX_SSHOPTS: plain,
    ELSEWHERE_NODE: process.execPath,
    XDG_STATE_HOME: join(home, "state"),
    XDG_CACHE_HOME: join(home, "cache"),
  };
  const shared = `${plain} -o ControlMaster=auto -o ControlPersist=60 -o ControlPath=${home}/%C`;
  const nix = (options: string): Contestant => {
    return ([file, ...words]) =>
      client.run(["nix-build", "--no-out-link", file!, ...words], { NIX_SSHOPTS: options });
  };
  return [
    ([file, ...words]) => client.run([program, "build", "-q", "--no-link", "-f", file!, ...words], env),
    nix(plain),
    nix(shared),
  ];
}

/** Seconds of the fastest run of each that succeeded. */
async function race(entrants: readonly Contestant[], [file, scheme]: string[]): Promise<number[]> {
  const best = entrants.map(() => Number.POSITIVE_INFINITY);
  const wordsFor = (many: string) => {
    const tag = randomBytes(6).toString("hex");
    const builders = ["-j0", "--builders", `${scheme}://rig x86_64-linux - 8 1`];
    return [file!, ...builders, "--argstr", "tag", tag, "--arg", "count", many];
  };
  // What comes with a new home, such as code that is compiled once, is nobody's usual time.
  for (const run of entrants) await run(wordsFor("1")).catch(() => undefined);
  for (let turn = 0; turn < runs; turn++)
    for (const [index, run] of entrants.entries()) {
      const begunMs = performance.now();
      try {
        await run(wordsFor(count));
      } catch (error) {
        console.error(`a run failed: ${(error as Error).message.trimEnd().split("\n").at(-1)}`);
        continue;
      }
      best[index] = Math.min(best[index]!, (performance.now() - begunMs) / 1000);
    }
  return best;
}

/** Where no run succeeded there is none. */
function figure(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "failed";
}

function row([name, ...figures]: readonly string[]): string {
  return name!.padEnd(24) + figures.map((figure) => figure.padStart(12)).join("");
}

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: ${why}`);
  else await benchSuite(suite);
}
