import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { FleetRig } from "./fleet-rig.ts";

for (const { what, skip, suite, scheme } of [
  {
    what: "stock Nix 2.26 by ssh-ng",
    skip: withoutSshd || withoutNix("trixie"),
    suite: "trixie",
    scheme: "ssh-ng",
  },
  {
    what: "stock Nix 2.26 by ssh",
    skip: withoutSshd || withoutNix("trixie"),
    suite: "trixie",
    scheme: "ssh",
  },
  {
    what: "stock Nix 2.8 by ssh-ng",
    skip: withoutSshd || withoutNix("bookworm"),
    suite: "bookworm",
    scheme: "ssh-ng",
  },
  { what: "Elsewhere by ssh-ng", skip: withoutSshd, suite: undefined, scheme: "ssh-ng" },
] as const)
  describe(`a build on ${what}`, { skip }, () => {
    test("is gone there after Ctrl-C, and nothing is left of the client", async () => {
      await using rig = new FleetRig();
      await rig.add("box", suite ? { suite } : {}, scheme);
      const client = rig.start(endless(rig), "--no-link");
      await rig.hasSaid(1);
      assert.notDeepEqual(running(rig), []);
      client.child.kill("SIGINT");
      const { code, err } = await client.ended;
      assert.equal(code, 130, err);
      await until(() => running(rig).length === 0);
    });
  });

test("a second Ctrl-C leaves at once", { skip: withoutSshd }, async () => {
  await using rig = new FleetRig();
  await rig.add("box");
  const client = rig.start(endless(rig), "--no-link");
  await rig.hasSaid(1);
  client.child.kill("SIGINT");
  client.child.kill("SIGINT");
  assert.equal((await client.ended).code, 130);
  await until(() => running(rig).length === 0);
});

/** A build that never ends by itself. */
function endless(rig: FleetRig): string {
  return rig.drvs.derive("endless", {
    script: `${rig.say("begun")}; while :; do read x < /dev/zero; done # ${rig.folder}`,
  });
}

/** Processes of builds of this rig. */
function running({ folder }: FleetRig): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1");
      return words.includes(`# ${folder}`);
    } catch {
      return false;
    }
  });
}

/** Processes tell nobody else of their end. */
async function until(isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!isSo()) {
    assert.ok(Date.now() < deadline, "the build still runs on its builder");
    await setTimeout(20);
  }
}

const LIMIT_MS = 20_000;
