import { test } from "node:test";
import { withoutSshd } from "#rig/sshd.ts";
import { withoutSandbox } from "../build/local/build-rig.ts";
import { Chance } from "./chance.ts";
import { ChaosRig } from "./chaos-rig.ts";
import { runRound } from "./round.ts";

test("whoever is killed with kill -9, whenever: stores stay whole, nothing is left, the next run finishes", {
  skip: withoutSshd || withoutSandbox,
}, async (t) => {
  await using rig = await ChaosRig.open();
  await rig.collect();
  const seed = Number(process.env.ELSEWHERE_SEED ?? Date.now() % 2 ** 31);
  const chance = new Chance(seed);
  t.diagnostic(`seed ${seed}`);
  const rounds = Number(process.env.ELSEWHERE_CHAOS_ROUNDS ?? ROUNDS);
  for (let round = 0; round < rounds; round++)
    await runRound(rig, { tag: `round-${seed}-${round}`, chance, say: (text) => t.diagnostic(text) });
});

const ROUNDS = 4;
