import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { delayingProxy } from "#rig/delay-relay.ts";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { startSshd } from "#rig/sshd.ts";
import { processorFacts } from "#transport/processor-facts.ts";
import { splitShellWords } from "#transport/shell-words.ts";
import { fastAlgorithmArguments } from "#transport/ssh-algorithm.ts";
import { readSshConfiguration } from "#transport/ssh-configuration.ts";
import { fastSshEnvironment } from "#transport/ssh-environment.ts";
import { readArguments } from "./arguments.ts";
import { best, type Took, timed } from "./timed.ts";

/**
 * Copying beside real Nix, in one run, through a real sshd on loopback: `bench/copy.ts [SUITE…] [--runs N]
 * [--small N] [--mebibytes N] [--closure N] [--round-trip-ms N] [--nix 0] [--floor 1]`; a size of 0 leaves a part out.
 * With a floor, also what the bytes that ours sends take by themselves, recorded, through ssh into the server. Prints the best of N runs each, ours over Nix's, and the memory that ours took. Both are whole commands: they
 * start, connect, and end with the paths registered. Needs GNU time.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const given = readArguments();
const { suites } = given;
const flags = new Map(Array.from(given.flags, ([name, value]) => [name, Number(value)]));
const sizes = {
  small: flags.get("small") ?? 2000,
  mebibytes: flags.get("mebibytes") ?? 1024,
  closure: flags.get("closure") ?? 20000,
};
const runs = flags.get("runs") ?? 3;
const withoutNixTimes = flags.get("nix") === 0;
const program = `${here}../bin/elsewhere`;
const withFloor = flags.get("floor") === 1;
const roundTripMs = flags.get("round-trip-ms") ?? 0;

async function benchSuite(suite: NixSuite): Promise<void> {
  using root = new NixRoot(suite, "bench-copy");
  await using sshd = await startSshd({ within: root.within });
  // Making thousands of files on a disk takes as long as the disk likes, whatever the program.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "elsewhere-bench-"));
  const proxy = delayingProxy(sshd.port, roundTripMs).replace(" ", "=");
  const options = [...sshd.sshOptions, ...(roundTripMs > 0 ? ["-o", `"${proxy}"`] : [])].join(" ");
  const bench = new Bench({ root, folder, options });
  try {
    console.log(`\n${suite}: ${await root.run(["nix", "--version"])}, ${roundTripMs} ms added`);
    const small = await evaluated(root, "small.nix", ["--arg", "count", String(sizes.small || 1)]);
    const large = await root.run([
      "nix-build",
      "--no-out-link",
      `${here}expressions/large.nix`,
      "--arg",
      "mebibytes",
      String(sizes.mebibytes || 1),
    ]);
    const deep = await evaluated(root, "closure.nix", ["--arg", "count", String(sizes.closure || 1)]);
    for (const scheme of ["ssh-ng", "ssh"]) {
      if (sizes.small > 0) await bench.copy(`small paths, ${scheme}`, scheme, small);
      if (sizes.mebibytes > 0) await bench.copy(`large path, ${scheme}`, scheme, large);
      if (sizes.closure > 0) await bench.closure(`closure, ${scheme}`, scheme, deep);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function evaluated(root: NixRoot, file: string, args: readonly string[]): Promise<string> {
  const printed = await root.run([
    "nix-instantiate",
    "--eval",
    "--read-write-mode",
    `${here}expressions/${file}`,
    ...args,
  ]);
  return printed.replaceAll('"', "");
}

interface Line {
  readonly root: NixRoot;
  readonly folder: string;
  /** For NIX_SSHOPTS. */
  readonly options: string;
}

class Bench {
  readonly #line: Line;
  #count = 0;

  constructor(line: Line) {
    this.#line = line;
  }

  /** To an empty store there, and from there into an empty one here. */
  async copy(title: string, scheme: string, path: string): Promise<void> {
    const host = `${scheme}://rig`;
    const here = `local?root=${this.#line.root.nixFolder.replace(/\/nix$/, "")}`;
    const to = () => `${host}?remote-store=${this.#fresh()}`;
    await this.#compare(`${title}, to`, {
      nix: () => ["copy", "--no-check-sigs", "--to", to(), path],
      ours: () => ["copy", "--no-check-sigs", "--from", here, "--to", to(), path],
    });
    if (withFloor)
      await this.#floor(`${title}, bytes`, scheme, (uri) => [
        "copy",
        "--no-check-sigs",
        "--from",
        here,
        "--to",
        uri,
        path,
      ]);
    const from = () => ["copy", "--no-check-sigs", "--from", host, "--to", this.#fresh(), path];
    await this.#compare(`${title}, from`, { nix: from, ours: from });
  }

  async closure(title: string, scheme: string, path: string): Promise<void> {
    const ask = () => ["path-info", "-r", "--store", `${scheme}://rig`, path];
    await this.#compare(title, { nix: ask, ours: ask });
  }

  /** What no client is faster than: all that ours sends to an empty store, with nobody who makes it or waits for answers. */
  async #floor(title: string, scheme: string, ours: (uri: string) => string[]): Promise<void> {
    const { folder, options } = this.#line;
    const [record, said] = [join(folder, "record"), join(folder, "said")];
    const server = scheme === "ssh" ? "nix-store --serve --write" : "nix-daemon --stdio";
    writeFileSync(record, `#!/bin/sh\ntee ${said} | ${server.split(" ")[0]} "$@"\n`, { mode: 0o755 });
    await timed(
      [program, ...ours(`${scheme}://rig?remote-program=${record}&remote-store=${this.#fresh()}`)],
      { NIX_SSHOPTS: options },
    );
    const env = { GLIBC_TUNABLES: fastSshEnvironment(await processorFacts(), {})?.GLIBC_TUNABLES ?? "" };
    const asked = readSshConfiguration("ssh", [...splitShellWords(options), "--", "rig"]);
    const ssh = ["ssh", options, ...(await fastAlgorithmArguments("ssh", asked)), "rig"].join(" ");
    const took: Took[] = [];
    for (let run = 0; run < runs; run++) {
      this.#clear();
      const sending = `${ssh} ${server} --store ${this.#fresh()} <${said} >/dev/null 2>&1; true`;
      took.push(await timed(["sh", "-c", sending], env));
    }
    this.#clear();
    rmSync(said);
    console.log(`  ${title.padEnd(24)}  alone ${shown(best(took))}`);
  }

  /**
   * Takes turns, so that a slow minute of the machine falls on both. Each finds the memory that the one before
   * gave back: a virtual machine has to ask its host for more, which takes as long as the host likes.
   */
  async #compare(title: string, { nix, ours }: { nix: () => string[]; ours: () => string[] }): Promise<void> {
    const { root, options } = this.#line;
    const took = { nix: [] as Took[], ours: [] as Took[] };
    for (let run = 0; run < runs; run++) {
      if (!withoutNixTimes) {
        took.nix.push(await timed([...root.within, "env", `NIX_SSHOPTS=${options}`, "nix", ...nix()]));
        this.#clear();
      }
      took.ours.push(await timed([program, ...ours()], { NIX_SSHOPTS: options }));
      this.#clear();
    }
    const [theirs, own] = [best(took.nix), best(took.ours)];
    const columns = [
      title.padEnd(24),
      `Nix ${shown(theirs)}`,
      `ours ${shown(own)}`,
      `ratio ${(own.seconds / theirs.seconds).toFixed(2)}`,
      `${Math.max(...took.ours.map(({ mebibytes }) => mebibytes))} MiB`,
    ];
    console.log(`  ${columns.join("  ")}`);
  }

  #fresh(): string {
    return join(this.#line.folder, `store-${this.#count++}`);
  }

  #clear(): void {
    spawnSync("sh", [
      "-c",
      'chmod -R u+w "$1"/store-* 2>/dev/null; rm -rf "$1"/store-*',
      "sh",
      this.#line.folder,
    ]);
  }
}

function shown({ seconds, cpuSeconds }: Took): string {
  return `${seconds.toFixed(2).padStart(6)} s (${cpuSeconds.toFixed(2)} s of processor)`;
}

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: skipped, ${why}`);
  else await benchSuite(suite);
}
