import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { FleetRig } from "./fleet-rig.ts";

const skip = withoutSshd || withoutNix("trixie") || withoutNix("bookworm");

test("300 builds finish on four builders, of which one is slow, one is killed and one has a full disk", {
  skip,
}, async () => {
  await using rig = new FleetRig();
  using disk = new SmallDisk(join(rig.folder, "disk"));
  const [slow, doomed] = [
    await rig.add("slow", { suite: "trixie", ...ALONE }),
    await rig.add("doomed", { suite: "bookworm", ...ALONE }),
  ];
  await Promise.all([rig.add("well", ALONE), rig.add("full", { store: disk.folder, ...ALONE })]);
  mkdirSync(slow.root!.nixFolder, { recursive: true });
  writeFileSync(join(slow.root!.nixFolder, "slow"), "");

  const client = rig.start(graphOf(rig), "-v", "--json", "--no-link");
  await client.says(/^building .* on doomed$/m);
  await rig.hasSaid(100);
  await doomed.sshd.kill();
  const { code, out, err } = await client.ended;

  assert.equal(code, 0, err);
  const { builds, complete } = JSON.parse(out) as { complete: boolean; builds: { kind: string }[] };
  assert.equal(complete, true);
  assert.equal(builds.filter(({ kind }) => kind === "realised").length, BUILDS);
  assert.match(err, /^lost .* on full: .*no space left/m);
  assert.match(err, /^no use of doomed: /m);
  assertOnlyLostOnesRanAgain(rig.said, err);
});

/** A build runs again only where its first run was on a builder that lost it, or that went away with what it had made. */
function assertOnlyLostOnesRanAgain(said: readonly string[], err: string): void {
  const builders = new Map<string, string[]>();
  for (const [, name, builder] of err.matchAll(/^building \S+-(n\d+x\d+)\.drv on (\w+)/gm))
    builders.set(name!, [...(builders.get(name!) ?? []), builder!]);
  const runs = new Map<string, number>();
  for (const name of said) runs.set(name, (runs.get(name) ?? 0) + 1);
  assert.equal(runs.size, BUILDS);
  for (const [name, times] of runs) {
    const excused = builders
      .get(name)!
      .filter((builder) => builder === "full" || builder === "doomed").length;
    assert.ok(times <= 1 + excused, `${name} ran ${times} times, on ${builders.get(name)!.join(", ")}`);
  }
}

/** Layers of builds, each of which needs two of the layer before; the last needs all of that. */
function graphOf(rig: FleetRig): string {
  const build = (name: string, inputs: readonly string[]) => {
    const reads = inputs.map((input) => `read x < $${input}; `).join("");
    return rig.drvs.derive(name, {
      // A shell reads byte by byte: what its dependants read is the short first line.
      script: `${rig.say(name)}; ${reads}${SLOW}; ${FILL} { echo ${name}; echo $x; } > $out`,
      inputs,
    });
  };
  let before: string[] = [];
  for (let layer = 0; layer < LAYERS; layer++) {
    const names = Array.from({ length: WIDTH }, (_, at) => `n${layer}x${at}`);
    for (const [at, name] of names.entries())
      build(name, before.length > 0 ? [before[at]!, before[(at + 7) % WIDTH]!] : []);
    before = names;
  }
  return build(`n${LAYERS}x0`, before);
}

/** A file system that holds little more than a store with nothing in it. */
class SmallDisk implements Disposable {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=10m", "tmpfs", folder]);
  }

  [Symbol.dispose](): void {
    execFileSync("umount", ["--lazy", this.folder]);
  }
}

/** That builders send to each other is another story, and costs a process each time. */
const ALONE = { isReachable: false };
const LAYERS = 13;
const WIDTH = 23;
const BUILDS = LAYERS * WIDTH + 1;
/** What makes a builder slow that has this file. */
const SLOW = "test -e /nix/slow && { i=0; while test $i -lt 50000; do i=$((i+1)); done; }";
/** Makes `x` a quarter of a MiB long. */
const FILL = "x=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4; do x=$x$x; done;";
