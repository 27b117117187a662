import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ByteMeter } from "#rig/byte-meter.ts";
import { NIX_SUITES, NixRoot, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { introduce } from "#rig/ssh-names.ts";
import { startSshd } from "#rig/sshd.ts";
import { readArguments } from "./arguments.ts";
import { best, type Took, timed } from "./timed.ts";

/**
 * One graph on two stock builders beside real Nix, in one run, through real sshds on loopback:
 * `bench/graph.ts [SUITE…] [--runs N] [--lanes N] [--stages N] [--kibibytes N] [--slots N]`. Every build needs what
 * the other builder made; only the last output is asked for. The contestants take turns; whole commands, the fastest of
 * N. Bytes are those on the wire: by the client, and from one builder to the other. Needs GNU time.
 */
const here = fileURLToPath(new URL(".", import.meta.url));
const program = join(here, "../bin/elsewhere");
const { flags, suites } = readArguments();
const runs = Number(flags.get("runs") ?? 2);
const [lanes, stages, kibibytes] = ["lanes", "stages", "kibibytes"].map((name) => flags.get(name));
const size = { lanes: lanes ?? "6", stages: stages ?? "10", kibibytes: kibibytes ?? "300" };
const slots = flags.get("slots") ?? "3";

async function benchSuite(suite: NixSuite): Promise<void> {
  using client = new NixRoot(suite, "bench-graph-client");
  await using fleet = await Fleet.start(suite);
  const builds = Number(size.lanes) * Number(size.stages) + 1;
  console.log(`\n${await client.run(["nix", "--version"])}, ${builds} builds of ${size.kibibytes} KiB`);
  console.log(row(["", "seconds", "by client", "between", "processor"]));
  const contestants = contestantsOf(client, fleet);
  // What comes with a new home, such as code that is compiled once, is nobody's usual time.
  for (const { run } of contestants) await run({ lanes: "2", stages: "1", kibibytes: "1" });
  const results = contestants.map(() => [] as Result[]);
  for (let turn = 0; turn < runs; turn++)
    for (const [index, { run }] of contestants.entries()) {
      const before = fleet.bytes;
      const took = await run(size);
      results[index]!.push({ took, bytes: fleet.bytes.map((bytes, place) => bytes - before[place]!) });
    }
  for (const [index, { title }] of contestants.entries()) console.log(rowOf(title, results[index]!));
}

/** What a run took, and the bytes by the client and between builders. */
interface Result {
  readonly took: Took;
  readonly bytes: readonly number[];
}

interface Contestant {
  readonly title: string;
  readonly run: (size: Readonly<Record<string, string>>) => Promise<Took>;
}

function contestantsOf(client: NixRoot, { folder }: Fleet): Contestant[] {
  const names = `-F ${join(folder, "client_config")}`;
  const shared = `-o ControlMaster=auto -o ControlPersist=60 -o ControlPath=${folder}/%C`;
  const env = [`ELSEWHERE_NODE=${process.execPath}`, `HOME=${join(folder, "home")}`];
  const elsewhere = [program, "build", "-q", "--no-link"];
  // Builders that are not to connect to each other.
  const apart = "?peer-uri=none";
  const nix = ["nix-build", "--no-out-link"];
  const entrants = [
    { title: "Elsewhere", options: names, command: [...elsewhere, "-f"], query: "" },
    { title: "… builders apart", options: names, command: [...elsewhere, "-f"], query: apart },
    { title: "Nix", options: names, command: nix, query: "" },
    { title: "… shared connection", options: `${names} ${shared}`, command: nix, query: "" },
  ];
  return entrants.map(({ title, options, command, query }) => ({
    title,
    run: async (size) => {
      const graph = Object.entries(size).flatMap(([name, value]) => ["--arg", name, value]);
      const tag = ["--argstr", "tag", randomBytes(6).toString("hex")];
      const words = [...command, join(here, "expressions/lanes.nix"), "-j0", "--builders", machines(query)];
      const told = ["env", ...env, `NIX_SSHOPTS=${options}`];
      return await timed([...client.within, ...told, ...words, ...tag, ...graph]);
    },
  }));
}

/** Each has one of the two features between which the graph alternates, and every Nix knows both. */
function machines(query: string): string {
  const features = ["nixos-test", "benchmark"];
  return NAMES.map(
    (name, index) => `ssh-ng://${name}${query} x86_64-linux - ${slots} 1 ${features[index]} -`,
  ).join("; ");
}

/** Two stock builders; whoever connects to one does it by a way that counts. */
class Fleet implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "elsewhere-bench-"));
  readonly #open = new AsyncDisposableStack();
  readonly #meters = { client: [] as ByteMeter[], peers: [] as ByteMeter[] };

  static async start(suite: NixSuite): Promise<Fleet> {
    const fleet = new Fleet();
    mkdirSync(join(fleet.folder, "home"));
    for (const whose of WHOSE) writeFileSync(fleet.#config(whose), "");
    for (const name of NAMES) await fleet.#add(name, suite);
    return fleet;
  }

  /** Over all connections so far: of the client, and of builders with each other. */
  get bytes(): readonly number[] {
    return WHOSE.map((whose) => this.#meters[whose].reduce((sum, { bytes }) => sum + bytes, 0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #add(name: string, suite: NixSuite): Promise<void> {
    const root = this.#open.use(new NixRoot(suite, `bench-graph-${name}`));
    // How a builder reaches the other, as root's own ssh_config would say.
    const config = [`SetEnv "NIX_SSHOPTS=-F ${this.#config("peers")}"`];
    const sshd = this.#open.use(await startSshd({ within: root.within, config }));
    for (const whose of WHOSE) {
      const meter = this.#open.use(await ByteMeter.to(sshd.port));
      this.#meters[whose].push(meter);
      introduce(this.#config(whose), { name, sshd, port: meter.port });
    }
  }

  #config(whose: string): string {
    return join(this.folder, `${whose}_config`);
  }
}

const NAMES = ["one", "two"];
const WHOSE = ["client", "peers"] as const;

function rowOf(title: string, results: readonly Result[]): string {
  const { seconds, cpuSeconds } = best(results.map(({ took }) => took));
  const { bytes } = results.find(({ took }) => took.seconds === seconds)!;
  const mebibytes = bytes.map((count) => `${(count / 2 ** 20).toFixed(2)} MiB`);
  return row([title, seconds.toFixed(2), ...mebibytes, `${cpuSeconds.toFixed(2)} s`]);
}

function row([name, ...figures]: readonly string[]): string {
  return name!.padEnd(24) + figures.map((figure) => figure.padStart(13)).join("");
}

for (const suite of suites.length > 0 ? suites : NIX_SUITES) {
  const why = withoutNix(suite);
  if (why) console.log(`${suite}: ${why}`);
  else await benchSuite(suite);
}
