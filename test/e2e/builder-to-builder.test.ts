import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { killProcesses } from "#sandbox/process-tree.ts";
import { type BuilderSpec, FleetRig } from "./fleet-rig.ts";

const STOCK = { skip: withoutSshd || withoutNix("trixie") || withoutNix("bookworm") };

for (const { what, skip, one, two } of [
  { what: "two stock builders", ...STOCK, one: { suite: "trixie" }, two: { suite: "bookworm" } },
  { what: "two Elsewhere builders", skip: withoutSshd, one: {}, two: {} },
  { what: "a stock and an Elsewhere builder", ...STOCK, one: { suite: "trixie" }, two: {} },
  {
    what: "Elsewhere builders behind forced commands that allow it",
    skip: withoutSshd,
    one: { forced: "--allow-push ssh-ng://two" },
    two: { forced: "--allow-push ssh-ng://one" },
  },
] as const)
  describe(`between ${what}`, { skip }, () => {
    test("each intermediate of an alternating chain moves once, and none through the client", async () => {
      await using rig = await fleetOf(one, two);
      const { code, err } = await rig.build(chain(rig), "-v");
      assert.equal(code, 0, err);
      assert.equal(resultOf(rig), "link3 link2 link1 link0\n");
      const copies = copiesOf(err);
      assert.deepEqual(copies.between, MOVES);
      assert.deepEqual(copies.through, []);
      assert.ok(rig.clientBytes < LINK_BYTES, `${rig.clientBytes} bytes passed the client`);
    });
  });

describe("a line between builders that is cut while it stands idle", { skip: withoutSshd }, () => {
  for (const { what, skip, one } of [
    { what: "a stock builder", ...STOCK, one: { suite: "trixie" } },
    { what: "an Elsewhere builder", skip: false, one: {} },
  ] as const)
    test(`is opened anew from ${what}`, { skip }, async () => {
      await using rig = await fleetOf(one, {});
      const client = rig.start(chain(rig, "link", { waitsAt: 1 }), "-v");
      await rig.hasSaid(1);
      const cut = linesOf(rig);
      assert.ok(cut.length > 0);
      killProcesses(cut);
      rig.letGo();
      const { code, err } = await client.ended;
      assert.equal(code, 0, err);
      assert.equal(resultOf(rig), "link3 link2 link1 link0\n");
      assert.deepEqual(copiesOf(err).between, MOVES);
      assert.deepEqual(copiesOf(err).through, []);
      assert.deepEqual(linesOf(rig), [], "nothing stays behind on the builders");
    });
});

describe("builders that do not reach each other", { skip: withoutSshd }, () => {
  test("send through here, find that out once, and remember it", async () => {
    await using rig = await fleetOf({ isReachable: false }, { isReachable: false });
    const { code, err } = await rig.build(chain(rig), "-v");
    assert.equal(code, 0, err);
    assert.deepEqual(copiesOf(err).through, MOVES);
    assert.equal(copiesOf(err).between.length, 2, "one try each way");
    const again = await rig.build(chain(rig, "again"), "-v");
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(copiesOf(again.err).between, []);
    assert.equal(copiesOf(again.err).through.length, 3);
  });

  test("so do those whose forced command does not say that they may", async () => {
    await using rig = await fleetOf({ forced: "" }, { forced: "--allow-push ssh-ng://elsewhere" });
    const { code, err } = await rig.build(chain(rig), "-v");
    assert.equal(code, 0, err);
    assert.equal(copiesOf(err).through.length, 3);
  });
});

/** Two builders, each of which can do what the other cannot. */
async function fleetOf(one: BuilderSpec, two: BuilderSpec): Promise<FleetRig> {
  const rig = new FleetRig();
  await Promise.all([rig.add("one", { ...one, features: ONE }), rig.add("two", { ...two, features: TWO })]);
  return rig;
}

/** Each link holds more than all that is said besides, and is made of the one before on the other builder. */
function chain(rig: FleetRig, name = "link", { waitsAt = -1 } = {}): string {
  let file = "";
  for (let at = 0; at < LINKS; at++) {
    const before = at > 0 ? [`${name}${at - 1}`] : [];
    const reads = before.map((link) => `read x < $${link}; `).join("");
    const noise = at < LINKS - 1 ? NOISE : ":";
    const wait = at === waitsAt ? `${rig.say(name)}; ${rig.wait}; ` : "";
    file = rig.drvs.derive(`${name}${at}`, {
      script: `${reads}${wait}{ echo "${name}${at} $x"; ${noise}; } > $out`,
      inputs: before,
      features: [at % 2 === 0 ? ONE : TWO],
    });
  }
  return file;
}

/** The ssh of builders to each other. */
function linesOf({ folder }: FleetRig): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandOf(pid).includes(`${folder}/peers_config`));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function copiesOf(err: string): { between: string[]; through: string[] } {
  const lines = err.matchAll(/^copying .* from (one|two) to (one|two)( through here)?$/gm);
  const copies = Array.from(lines, ([, from, to, through]) => ({ way: `${from}→${to}`, through }));
  return {
    between: copies.filter(({ through }) => !through).map(({ way }) => way),
    through: copies.filter(({ through }) => through).map(({ way }) => way),
  };
}

function resultOf(rig: FleetRig): string {
  return readFileSync(readlinkSync(join(rig.folder, "work/result")), "utf8");
}

const LINKS = 4;
/** What must move so that each link finds the one before. */
const MOVES = ["one→two", "two→one", "one→two"];
/** Features that every Nix has. */
const ONE = "nixos-test";
const TWO = "benchmark";
const LINK_BYTES = 1 << 20;
/** About that much, with what a shell can do alone: nothing that compresses away. */
const NOISE = "i=0; while test $i -lt 40000; do echo $i$i$i$i$i; i=$((i+1)); done";
