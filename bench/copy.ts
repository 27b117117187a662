import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { delayingProxy } from "#rig/delay-relay.ts";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { startSshd } from "#rig/sshd.ts";

/**
 * Copying beside real Nix, in one run, through a real sshd on loopback: `bench/copy.ts [SUITE…] [--runs N]
 * [--small N] [--mebibytes N] [--closure N] [--round-trip-ms N]`. Prints seconds, the best of N runs each,
 * and Nix's time over ours. Both start a process, connect, and end with the paths registered.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const flags = new Map<string, number>();
const suites: NixSuite[] = [];
for (let at = 2; at < process.argv.length; at++) {
  const word = process.argv[at]!;
  if (word.startsWith("--")) flags.set(word.slice(2), Number(process.argv[++at]));
  else suites.push(word as NixSuite);
}
const runs = flags.get("runs") ?? 3;
const roundTripMs = flags.get("round-trip-ms") ?? 0;

async function benchSuite(suite: NixSuite): Promise<void> {
  using root = new NixRoot(suite, "bench-copy");
  await using sshd = await startSshd({ within: root.within });
  const folder = mkdtempSync(join(tmpdir(), "elsewhere-bench-"));
  const proxy = delayingProxy(sshd.port, roundTripMs).replace(" ", "=");
  const options = [...sshd.sshOptions, ...(roundTripMs > 0 ? ["-o", `"${proxy}"`] : [])].join(" ");
  // In one file, as the program is shipped.
  buildSync({
    entryPoints: [`${here}copy-once.ts`],
    outfile: join(folder, "copy-once.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    absWorkingDir: join(here, ".."),
  });
  const bench = new Bench({ root, folder, options });
  try {
    console.log(`\n${suite}: ${await root.run(["nix", "--version"])}, ${roundTripMs} ms added`);
    const small = await evaluated(root, "small.nix", ["--arg", "count", `${flags.get("small") ?? 2000}`]);
    const large = await root.run([
      "nix-build",
      "--no-out-link",
      `${here}expressions/large.nix`,
      "--arg",
      "mebibytes",
      `${flags.get("mebibytes") ?? 1024}`,
    ]);
    const deep = await evaluated(root, "closure.nix", ["--arg", "count", `${flags.get("closure") ?? 20000}`]);
    for (const scheme of ["ssh-ng", "ssh"]) {
      if (flags.get("small") !== 0) await bench.copy(`small paths, ${scheme}`, scheme, small);
      if (flags.get("mebibytes") !== 0) await bench.copy(`large path, ${scheme}`, scheme, large);
      if (flags.get("closure") !== 0) bench.closure(`closure, ${scheme}`, scheme, deep);
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
    this.#compare(`${title}, to`, {
      nix: () => ["copy", "--no-check-sigs", "--to", to(), path],
      ours: () => [here, to(), path],
    });
    const into = () => this.#fresh();
    this.#compare(`${title}, from`, {
      nix: () => ["copy", "--no-check-sigs", "--from", host, "--to", into(), path],
      ours: () => [host, `local?root=${into()}`, path],
    });
  }

  closure(title: string, scheme: string, path: string): void {
    const host = `${scheme}://rig`;
    this.#compare(title, {
      nix: () => ["path-info", "-r", "--store", host, path],
      ours: () => [host, "closure", path],
    });
  }

  /** Takes turns, so that a slow minute of the machine falls on both. */
  #compare(title: string, { nix, ours }: { nix: () => string[]; ours: () => string[] }): void {
    const { root, options } = this.#line;
    const times = { nix: [] as number[], ours: [] as number[] };
    let memory = "";
    for (let run = 0; run < runs; run++) {
      times.nix.push(timed([...root.within, "env", `NIX_SSHOPTS=${options}`, "nix", ...nix()], {}).seconds);
      const node = [
        process.execPath,
        "--disable-warning=ExperimentalWarning",
        `${here}copy-once.ts`,
        ...ours(),
      ];
      const { seconds, said } = timed(node, { NIX_SSHOPTS: options });
      times.ours.push(seconds);
      memory = said.trim();
      this.#clear();
    }
    const [best, own] = [Math.min(...times.nix), Math.min(...times.ours)];
    console.log(
      `  ${title.padEnd(26)} Nix ${best.toFixed(2).padStart(7)}  ours ${own.toFixed(2).padStart(6)}  x${(best / own).toFixed(1).padStart(5)}  ${memory}`,
    );
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

function timed(command: readonly string[], env: Record<string, string>): { seconds: number; said: string } {
  const start = performance.now();
  const { status, stderr } = spawnSync(command[0]!, command.slice(1), {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    cwd: here,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${command.join(" ")} failed: ${stderr}`);
  return { seconds, said: stderr };
}

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: skipped, ${why}`);
  else await benchSuite(suite);
}
