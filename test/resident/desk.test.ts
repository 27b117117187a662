import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "#base/clock.ts";
import type { BuildSite } from "#build/engine/site/site.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import { resolveSettings } from "#nix/settings.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";
import { Foreman } from "#resident/foreman.ts";
import { Desk } from "#resident/hook/desk.ts";
import type { HookOffer } from "#resident/hook/hook-call.ts";
import type { HookClient } from "#resident/hook/hook-client.ts";
import { DEFAULT_ESTIMATE } from "#schedule/estimate.ts";
import type { BuilderTraits } from "#schedule/requirement.ts";
import { scoringScheduler } from "#schedule/scoring/scoring-scheduler.ts";

const FACTS = {
  platform: "linux",
  arch: "x64",
  kvm: false,
  rosetta: false,
  appleVirtualization: false,
  x86Level: 1,
  cpus: 1,
} as const;
const DRV = parseStorePathBaseName(`${"0".repeat(32)}-app.drv`);

/** A desk with some machines, and what Nix and its user hear from it. */
class Office {
  readonly said: { readonly text: string; readonly level: number }[] = [];
  readonly foreman: Foreman;
  readonly #desk: Desk;

  constructor(...sites: readonly BuildSite[]) {
    this.foreman = new Foreman({
      builders: sites.map(({ traits }) => traits),
      scheduler: scoringScheduler,
      policy: { attemptsMax: 3, othersMax: 0, waitsForBuilders: false },
      clock: systemClock,
      probe: async () => true,
      factsOf: () => undefined,
    });
    const { settings } = resolveSettings([], FACTS);
    const client = { settings, sites, foreman: this.foreman };
    this.#desk = new Desk(async () => client as unknown as HookClient);
  }

  /** What is answered where Nix could, or could not, build it itself. */
  async consider(more: { amWilling?: boolean; system?: string; requiredFeatures?: readonly string[] } = {}) {
    const build = { amWilling: false, system: "x86_64-linux", drvPath: DRV, requiredFeatures: [], ...more };
    const line = { hungUp: new AbortController().signal };
    const narrator = { say: (text: string, level: number) => this.said.push({ text, level }) };
    return await this.#desk.consider({ build, settings: new Map(), line, narrator } as unknown as HookOffer);
  }

  /** Has a build take a slot, and keep it. */
  occupy(): void {
    void this.foreman.do({
      drvPath: DRV,
      requirement: { system: "x86_64-linux", features: [], preferLocal: false },
      estimate: DEFAULT_ESTIMATE,
      principal: "hook",
      attempt: () => new Promise(() => undefined),
      signal: new AbortController().signal,
    });
  }
}

function machine(name: string, more: Partial<BuilderTraits> & { isDown?: boolean } = {}): BuildSite {
  const { isDown, ...traits } = more;
  return {
    uri: `ssh-ng://${name}`,
    traits: {
      name,
      systems: ["x86_64-linux"],
      supportedFeatures: [],
      mandatoryFeatures: [],
      maxJobs: 1,
      speedFactor: 1,
      local: false,
      takesGraphs: false,
      ...traits,
    },
    connect: async () => {
      if (isDown) throw new Error("No route to host");
      return { [Symbol.asyncDispose]: async () => undefined } as never;
    },
  };
}

test("with no machines, Nix need not ask again", async () => {
  assert.deepEqual(await new Office().consider(), { kind: "decline-permanently" });
});

test("the machine that Nix would take is named: the least load for its speed", async () => {
  const office = new Office(machine("slow"), machine("fast", { speedFactor: 2 }));
  assert.deepEqual(await office.consider(), { kind: "accept", machine: "ssh-ng://fast" });
  office.occupy();
  assert.deepEqual(await office.consider(), { kind: "accept", machine: "ssh-ng://slow" });
});

test("what no machine can do is left to Nix, and told aloud only where nobody could do it", async () => {
  const office = new Office(machine("box"));
  assert.deepEqual(await office.consider({ requiredFeatures: ["big-parallel"], amWilling: true }), {
    kind: "decline",
  });
  assert.equal(office.said[0]!.level, VERBOSITY.chatty);
  assert.deepEqual(await office.consider({ system: "aarch64-darwin" }), { kind: "decline" });
  assert.equal(office.said[1]!.level, VERBOSITY.warn);
  assert.match(office.said[1]!.text, /Failed to find a machine for remote build of 'app\.drv'/);
  assert.match(office.said[1]!.text, /ssh-ng:\/\/box: /);
});

test("a machine that does not answer is told of and passed over", async () => {
  const office = new Office(machine("gone", { isDown: true, speedFactor: 9 }), machine("box"));
  assert.deepEqual(await office.consider(), { kind: "accept", machine: "ssh-ng://box" });
  assert.match(office.said[0]!.text, /cannot build on 'ssh-ng:\/\/gone': No route to host/);
  const none = new Office(machine("gone", { isDown: true }));
  assert.deepEqual(await none.consider(), { kind: "decline" });
});

test("with every slot taken, Nix builds what it can and will, and what it cannot waits here", async () => {
  const office = new Office(machine("box"));
  office.occupy();
  assert.deepEqual(await office.consider({ amWilling: true }), { kind: "decline" });
  assert.deepEqual(await office.consider({ amWilling: false }), { kind: "accept", machine: "ssh-ng://box" });
});
