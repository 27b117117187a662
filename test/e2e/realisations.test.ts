import assert from "node:assert/strict";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { type BuilderSpec, FleetRig } from "./fleet-rig.ts";

const STOCK = { skip: withoutSshd || withoutNix("trixie") || withoutNix("sid") };

describe("a chain whose paths only builds tell, alternating between builders", () => {
  for (const { what, skip, one, two } of [
    { what: "with Nix 2.26 and 2.34", ...STOCK, one: { suite: "trixie" }, two: { suite: "sid" } },
    { what: "with Nix 2.34 and Elsewhere", ...STOCK, one: { suite: "sid" }, two: {} },
    { what: "of Elsewhere and with Nix 2.26", ...STOCK, one: {}, two: { suite: "trixie" } },
    {
      what: "that do not reach each other",
      ...STOCK,
      one: { suite: "trixie", isReachable: false },
      two: { suite: "sid", isReachable: false },
    },
  ] as const)
    test(`${what} builds nothing twice, though each end is asked for as a graph`, { skip }, async () => {
      await using rig = await fleetOf(one, two);
      // What refers to them is asked for with its derivations: who builds it must know what its inputs turned out to be.
      const { code, err } = await rig.build(chain(rig), "-v");
      assert.equal(code, 0, err);
      assert.equal(
        readFileSync(readlinkSync(join(rig.folder, "work/result")), "utf8"),
        "other end f2 f1 f0\n",
      );
      await rig.hasSaid(NAMES.length);
      assert.deepEqual(rig.said.toSorted(), NAMES.toSorted());
    });
});

/** Two builders, each of which can do what the other cannot. */
async function fleetOf(one: BuilderSpec, two: BuilderSpec): Promise<FleetRig> {
  const rig = new FleetRig();
  await Promise.all([
    rig.add("one", { ...one, features: `${ONE},ca-derivations` }),
    rig.add("two", { ...two, features: `${TWO},ca-derivations` }),
  ]);
  return rig;
}

/** Three that float, and two in a row that have such inputs and none of their own. */
function chain(rig: FleetRig): string {
  let file = "";
  for (const [at, name] of NAMES.entries()) {
    const before = at > 0 ? [NAMES[at - 1]!] : [];
    const reads = before.map((input) => `read x < $${input}; `).join("");
    file = rig.drvs.derive(name, {
      script: `${reads}${rig.say(name)}; echo "${name} $x" > $out`,
      inputs: before,
      features: [at % 2 === 0 ? ONE : TWO],
      floats: name.startsWith("f"),
    });
  }
  return file;
}

const NAMES = ["f0", "f1", "f2", "end", "other"];
/** Features that every Nix has. */
const ONE = "nixos-test";
const TWO = "benchmark";
