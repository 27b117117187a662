// The main job on real input: two builders on this machine, a client that claims to be a Mac, a graph of 46 derivations.
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DemoBuilder } from "./demo-builders.ts";
import { installSystemParts } from "./system-packages.ts";

const root = join(import.meta.dirname, "..");
const program = join(root, "bin/elsewhere");

installSystemParts();
// Only now is it known whether there is an sshd.
const { startDemoBuilder } = await import("./demo-builders.ts");
const folder = mkdtempSync(join(tmpdir(), "elsewhere-demo-"));
process.exitCode = await runDemo();

async function runDemo(): Promise<number> {
  await using anna = await startDemoBuilder({
    name: "anna",
    folder,
    slots: 4,
    speedFactor: 2,
    features: ["big-parallel"],
  });
  await using bert = await startDemoBuilder({ name: "bert", folder, slots: 2, speedFactor: 1, features: [] });
  const environment = clientEnvironment([anna, bert]);
  const graph = evaluateOrUnpack();

  say(
    `Two builders: anna through ${anna.reachedBy}, bert through ${bert.reachedBy}; each with a store of its own.`,
  );
  say("This client says that it is an aarch64-darwin, so it cannot build any of what follows itself.");
  elsewhere(["builders"], environment);

  say("What would be built, and by whom. Nobody here can build the pocket edition:");
  elsewhere(["build", "--dry-run", graph.pocketEdition], environment);

  say("Build the glossary elsewhere:");
  const link = join(root, "result-glossary");
  rmSync(link, { force: true });
  const status = elsewhere(["build", "--max-jobs", "0", "--out-link", link, graph.glossary], environment);
  if (status !== 0) return status;

  const out = execFileSync(program, ["build", "--no-link", "--print-out-paths", graph.glossary], {
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const pages = join(folder, "home", out);
  say(
    `Here are ${readdirSync(pages).length} files; ${readFileSync(join(pages, "colophon.txt"), "utf8").trim()}.`,
  );
  say(`Open ${join(pages, "index.html")}`);
  return 0;
}

/** A home, a configuration and a store of the demo's own: nothing of this machine's is read or changed. */
function clientEnvironment(builders: readonly DemoBuilder[]): NodeJS.ProcessEnv {
  const home = join(folder, "client");
  const configuration = join(folder, "etc");
  for (const made of [home, configuration]) mkdirSync(made);
  const machines = join(configuration, "machines");
  writeFileSync(machines, builders.map(({ machine }) => `${machine}\n`).join(""));
  const settings = [
    "system = aarch64-darwin",
    `builders = @${machines}`,
    `store = ${join(folder, "home")}`,
    "substitute = false",
  ];
  writeFileSync(join(configuration, "nix.conf"), `${settings.join("\n")}\n`);
  return { ...process.env, HOME: home, NIX_CONF_DIR: configuration, XDG_STATE_HOME: join(home, "state") };
}

/** The graph: evaluated by real Nix where there is one, else as real Nix evaluated it once. */
function evaluateOrUnpack(): { glossary: string; pocketEdition: string } {
  const drvs = join(folder, "graph");
  mkdirSync(drvs);
  if (hasNix()) return evaluate();
  for (const file of readdirSync(join(root, "demo/graph")))
    if (file.endsWith(".drv")) copyFileSync(join(root, "demo/graph", file), join(drvs, file));
  for (const line of readFileSync(join(root, "demo/graph/sources.txt"), "utf8").trim().split("\n")) {
    const [baseName, source] = line.split(" ") as [string, string];
    copyFileSync(join(root, "demo", source), join(drvs, baseName));
  }
  const named = (name: string) =>
    join(drvs, readdirSync(drvs).find((file) => file.endsWith(`-${name}.drv`))!);
  return { glossary: named("glossary"), pocketEdition: named("pocket-edition") };
}

function evaluate(): { glossary: string; pocketEdition: string } {
  const instantiate = (attribute: string) =>
    execFileSync(
      "nix-instantiate",
      ["--store", join(folder, "home"), join(root, "demo/glossary.nix"), "-A", attribute],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    ).trim();
  return { glossary: instantiate("glossary"), pocketEdition: instantiate("pocket-edition") };
}

function hasNix(): boolean {
  return spawnSync("nix-instantiate", ["--version"], { stdio: "ignore" }).status === 0;
}

function elsewhere(args: readonly string[], environment: NodeJS.ProcessEnv): number {
  console.log(
    `\n$ elsewhere ${args.map((arg) => arg.replace(`${folder}/`, "").replace(`${root}/`, "")).join(" ")}`,
  );
  return spawnSync(program, args, { stdio: "inherit", env: environment, cwd: folder }).status ?? 1;
}

function say(text: string): void {
  console.log(`\n${text}`);
}
