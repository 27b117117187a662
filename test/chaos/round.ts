import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DEFAULT_STORE_DIR, printStorePath } from "#nix/store-path.ts";
import type { Chance } from "./chance.ts";
import { type ChaosGraph, writeChaosGraph } from "./chaos-graph.ts";
import type { ChaosRig } from "./chaos-rig.ts";
import { kill } from "./processes.ts";
import { chooseStrike, describeStrike, type Strike, victimsOf } from "./strike.ts";
import { reach } from "./watch-point.ts";

export interface RoundOptions {
  readonly tag: string;
  readonly chance: Chance;
  /** Is told what is about to happen, and what came of it. */
  readonly say: (text: string) => void;
  /** One more look at the stores after the blow. */
  readonly inspect?: () => Promise<void>;
}

/**
 * One blow with kill -9, and what must hold after it: whole stores, nobody left, work that the next run
 * finishes. Returns whether the blow hit anyone: whoever is through sooner than expected is missed.
 */
export async function runRound(rig: ChaosRig, { tag, chance, say, inspect }: RoundOptions): Promise<boolean> {
  const folder = join(rig.folder, tag);
  const graph = await writeChaosGraph(folder, tag, chance);
  const strike = chooseStrike(rig, chance);
  const build = ["build", "--no-link", graph.rootFile];
  const command = strike.work === "build" ? build : commandOf(rig, strike, graph);
  if (strike.work !== "build") await rig.succeed(...build);
  const { hit, outcome } = await deal(rig, strike, { command, tag, chance });
  say(`${describeStrike(strike)}: ${outcome}`);
  assert.deepEqual(await rig.strays(), [], "processes that outlive the run");
  await rig.verify();
  await inspect?.();
  await rig.succeed(...command);
  await rig.succeed(...build);
  assertFinished(rig, graph);
  assert.deepEqual(await rig.strays(), [], "processes that outlive the next run");
  await rig.verify();
  await rig.collect();
  rmSync(folder, { recursive: true });
  return hit;
}

interface Scene {
  readonly command: readonly string[];
  readonly tag: string;
  readonly chance: Chance;
}

async function deal(
  rig: ChaosRig,
  { moment, victim }: Strike,
  { command, tag, chance }: Scene,
): Promise<{ hit: boolean; outcome: string }> {
  const { pid, ended } = rig.start(...command);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await reach(moment, ended);
  let victims: number[] = [];
  while (!isOver && victims.length === 0) {
    victims = victimsOf(rig, { victim, client: pid, tag, chance });
    for (const each of victims) kill(each);
    if (victims.length === 0) await Promise.race([setTimeout(LOOK_AGAIN_MS), ended]);
  }
  const { code } = await ended;
  const blow = victims.length === 0 ? "missed" : `${victims.length} killed`;
  return { hit: victims.length > 0, outcome: `${blow}, exit code ${code}` };
}

function commandOf(rig: ChaosRig, { work, builder, store }: Strike, { rootOutput }: ChaosGraph): string[] {
  const printed = printStorePath(DEFAULT_STORE_DIR, rootOutput);
  switch (work) {
    case "copy-to":
      return ["copy", "--no-check-sigs", "--to", rig.uriOf(builder), printed];
    case "copy-from":
      return ["copy", "--no-check-sigs", "--from", rig.uriOf(builder), "--all"];
    case "collect":
      return ["gc", "--store", rig.storeFolder(store)];
    default:
      return ["gc", "--optimise", "--max", "1", "--store", rig.storeFolder(store)];
  }
}

function assertFinished(rig: ChaosRig, { rootOutput, expected }: ChaosGraph): void {
  assert.equal(readFileSync(`${rig.clientFile(rootOutput)}/said`, "utf8").trim(), expected);
}

/** Between looks for a victim that has not begun to live. */
const LOOK_AGAIN_MS = 10;
