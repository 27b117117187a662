import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { startServer } from "#rig/process.ts";
import { startSshd } from "#rig/sshd.ts";
import { readArguments } from "./arguments.ts";

/**
 * An unchanged `nix-build` that offloads trivial builds, in one run beside itself: by Nix's own build-remote, by Elsewhere's
 * hook, and through Elsewhere's daemon door; a real sshd on loopback, a stock builder:
 * `bench/hook.ts [SUITE…] [--runs N] [--count N] [--jobs N] [--shape independent|chain]`. The contestants take turns;
 * seconds of whole commands, the best of N. The hook's resident process and the door are there beforehand and have built
 * twenty others, as they have from the second build of a day on.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const [program, hook] = [join(here, "../bin/elsewhere"), join(here, "../bin/elsewhere-hook")];
const { flags, suites } = readArguments();
const runs = Number(flags.get("runs") ?? 2);
const count = flags.get("count") ?? "100";
const shapes = flags.has("shape") ? [flags.get("shape")!] : ["independent", "chain"];
const machine = `ssh-ng://rig x86_64-linux - ${flags.get("jobs") ?? 8} 1`;

/** One way to build derivations that were never built before. */
type Contestant = (expression: readonly string[]) => Promise<unknown>;

async function benchSuite(suite: NixSuite): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "elsewhere-bench-"));
  try {
    using builder = new NixRoot(suite, "bench-hook-builder");
    using client = new NixRoot(suite, "bench-hook-client");
    await using sshd = await startSshd({ within: builder.within });
    mkdirSync(join(home, "home"));
    const env = {
      NIX_SSHOPTS: sshd.sshOptions.join(" "),
      ELSEWHERE_NODE: process.execPath,
      HOME: join(home, "home"),
      ELSEWHERE_RUNTIME_DIR: join(home, "run"),
      ELSEWHERE_HOOK_IDLE_S: "30",
    };
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const socket = join(home, "door");
    const door = [program, "daemon", "--socket", socket, "--builders", machine];
    await using _ = await startServer([...client.within, "env", ...words, ...door], { socket });
    const build =
      (more: readonly string[], variables: Record<string, string> = {}): Contestant =>
      (expression) =>
        client.run(["nix-build", "--no-out-link", "-j0", ...more, ...expression], { ...env, ...variables });
    const entrants = [
      build(["--builders", machine]),
      build(["--builders", machine, "--option", "build-hook", hook]),
      build([], { NIX_REMOTE: `unix://${socket}` }),
    ];
    console.log(`\n${await client.run(["nix", "--version"])}, ${count} trivial builds, best of ${runs}`);
    console.log(row(["", "build-remote", "hook", "door", "Nix/hook", "Nix/door"]));
    for (const entrant of entrants.slice(1)) await entrant(expressionOf("independent", WARM_UP));
    for (const shape of shapes) {
      const [theirs, byHook, byDoor] = await race(entrants, shape);
      const times = [theirs!, byHook!, byDoor!].map((time) => figure(time, 2));
      console.log(row([shape, ...times, figure(theirs! / byHook!, 1), figure(theirs! / byDoor!, 1)]));
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Seconds of the fastest run of each. */
async function race(entrants: readonly Contestant[], shape: string): Promise<number[]> {
  const best = entrants.map(() => Number.POSITIVE_INFINITY);
  for (let turn = 0; turn < runs; turn++)
    for (const [index, run] of entrants.entries()) {
      const begunMs = performance.now();
      await run(expressionOf(shape, count));
      best[index] = Math.min(best[index]!, (performance.now() - begunMs) / 1000);
    }
  return best;
}

function expressionOf(shape: string, length: string): readonly string[] {
  const tag = randomBytes(6).toString("hex");
  return [join(here, `expressions/${shape}.nix`), "--argstr", "tag", tag, "--arg", "count", length];
}

function figure(value: number, digits: number): string {
  return value.toFixed(digits);
}

function row([name, ...figures]: readonly string[]): string {
  return name!.padEnd(14) + figures.map((figure) => figure.padStart(14)).join("");
}

/** Builds that are not measured, before all others. */
const WARM_UP = "20";

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: ${why}`);
  else await benchSuite(suite);
}
