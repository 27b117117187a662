import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { startSshd } from "#rig/sshd.ts";

/**
 * Offloading trivial builds beside real Nix, in one run, through a real sshd on loopback:
 * `bench/build.ts [SUITE…] [--runs N] [--count N]`. Prints seconds, the best of N runs each, and Nix's time over
 * ours. Both evaluate, send, build on the stock builder, and end with every asked output in the client's store.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "../bin/elsewhere");
const flags = new Map<string, number>();
const suites: NixSuite[] = [];
for (let at = 2; at < process.argv.length; at++) {
  const word = process.argv[at]!;
  if (word.startsWith("--")) flags.set(word.slice(2), Number(process.argv[++at]));
  else suites.push(word as NixSuite);
}
const runs = flags.get("runs") ?? 3;
const count = String(flags.get("count") ?? 100);

async function benchSuite(suite: NixSuite): Promise<void> {
  using builder = new NixRoot(suite, "bench-builder");
  using client = new NixRoot(suite, "bench-client");
  await using sshd = await startSshd({ within: builder.within });
  const home = mkdtempSync(join(tmpdir(), "elsewhere-bench-"));
  const env = {
    NIX_SSHOPTS: sshd.sshOptions.join(" "),
    ELSEWHERE_NODE: process.execPath,
    XDG_STATE_HOME: join(home, "state"),
  };
  try {
    console.log(`\n${suite}: ${await client.run(["nix", "--version"])}, ${count} trivial builds`);
    for (const scheme of ["ssh-ng", "ssh"])
      for (const shape of ["independent", "chain"]) {
        const words = (tag: string) => [
          ...["-j0", "--builders", `${scheme}://rig x86_64-linux - 8 1`],
          ...["--argstr", "tag", tag, "--arg", "count", count],
        ];
        const file = join(here, `expressions/${shape}.nix`);
        const ours = await best((tag) =>
          client.run([program, "build", "-q", "--no-link", "-f", file, ...words(tag)], env),
        );
        const theirs = await best((tag) =>
          client.run(["nix-build", "--no-out-link", file, ...words(tag)], env),
        );
        const ratio = (theirs / ours).toFixed(1);
        console.log(
          `${shape} by ${scheme}: ${ours.toFixed(2)} s, Nix ${theirs.toFixed(2)} s: ${ratio} times`,
        );
      }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Seconds of the fastest run. A tag is never used twice: nothing is there already. */
async function best(run: (tag: string) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < runs; index++) {
    const begunMs = performance.now();
    await run(randomBytes(6).toString("hex"));
    times.push((performance.now() - begunMs) / 1000);
  }
  return Math.min(...times);
}

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: ${why}`);
  else await benchSuite(suite);
}
