import type { Chance } from "./chance.ts";
import { BUILDERS, type Builder, type ChaosRig, STORES, type StoreName } from "./chaos-rig.ts";
import { processesMarked } from "./processes.ts";
import type { Moment } from "./watch-point.ts";

/** What is going on when the blow falls. */
const WORKS = ["build", "copy-to", "copy-from", "collect", "optimise"] as const;
export type Work = (typeof WORKS)[number];

const VICTIMS = ["client", "server", "servers", "builder", "everybody"] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Strike {
  readonly work: Work;
  readonly victim: Victim;
  readonly moment: Moment;
  /** Whose store is copied to or from. */
  readonly builder: Builder;
  /** The store that is collected or optimised. */
  readonly store: StoreName;
}

export function chooseStrike(rig: ChaosRig, chance: Chance): Strike {
  const work = chance.oneOf<Work>(["build", "build", "build", ...WORKS]);
  const [builder, store] = [chance.oneOf(BUILDERS), chance.oneOf(STORES)];
  return {
    ...{ work, builder, store },
    victim: chance.oneOf(victimsIn(work)),
    moment: chooseMoment(rig, chance, { work, builder, store }),
  };
}

export function describeStrike({ work, victim, moment, builder, store }: Strike): string {
  const what = { build: "", "copy-to": builder, "copy-from": builder, collect: store, optimise: store }[work];
  const when =
    moment.kind === "after"
      ? `after ${moment.ms} ms`
      : `at change ${moment.count} in ${moment.folder.split("/").slice(3).join("/")}`;
  return `${work} ${what}: kill ${victim} ${when}`;
}

/** Who is to die, of those that are there now: process ids. */
export function victimsOf(
  rig: ChaosRig,
  { victim, client, tag, chance }: { victim: Victim; client: number; tag: string; chance: Chance },
): number[] {
  const servers = () => rig.servers().map(({ pid }) => pid);
  switch (victim) {
    case "client":
      return [client];
    case "server": {
      const there = servers();
      return there.length > 0 ? [chance.oneOf(there)] : [];
    }
    case "servers":
      return servers();
    case "builder":
      return processesMarked(`chaosTag=${tag}`).map(({ pid }) => pid);
    case "everybody":
      return [client, ...processesMarked(rig.folder).map(({ pid }) => pid)];
  }
}

function victimsIn(work: Work): readonly Victim[] {
  if (work === "build") return VICTIMS;
  return work === "copy-to" || work === "copy-from"
    ? VICTIMS.filter((each) => each !== "builder")
    : ["client"];
}

function chooseMoment(rig: ChaosRig, chance: Chance, on: Pick<Strike, "work" | "builder" | "store">): Moment {
  if (chance.fraction() < TIMED) return { kind: "after", ms: chance.between(0, LONGEST_MS[on.work]) };
  const below = (name: StoreName, folder: string) => `${rig.storeFolder(name)}/nix/${folder}`;
  const change = (folder: string, most: number): Moment => ({
    kind: "change",
    folder,
    count: chance.between(1, most),
  });
  switch (on.work) {
    case "build":
      return chance.fraction() < 0.4
        ? change(below(on.builder, "var/nix/builds"), 12)
        : change(below(on.store, "store"), 40);
    case "copy-to":
      return change(below(on.builder, "store"), 6);
    case "copy-from":
      return change(below("client", "store"), 6);
    case "collect":
      return change(below(on.store, "store"), 40);
    case "optimise":
      return change(below(on.store, "store/.links"), 20);
  }
}

/** The share of blows that fall after a time, and not at an event. */
const TIMED = 0.35;
/** Latest moment of a blow by the clock, in milliseconds: most of it is starting. */
const LONGEST_MS = { build: 3000, "copy-to": 900, "copy-from": 900, collect: 400, optimise: 400 } as const;
