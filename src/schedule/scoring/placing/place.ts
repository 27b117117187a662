import type { OrderedList } from "../../ordered-list.ts";
import type { Decision } from "../../schedule.ts";
import { canTake } from "../builder/admission.ts";
import { compare, freeSlotsFor, usableFor } from "../builder/classes.ts";
import { giveUp } from "../endings.ts";
import type { AlarmSubject, ScoringSchedule, Task, TaskClass } from "../state.ts";
import { untouchAll } from "../touched.ts";
import { assign, assignGraph } from "./assign.ts";
import { bestBuilder } from "./best-builder.ts";
import { bestTask } from "./best-task.ts";
import { loneGraphBuilder } from "./hand-over.ts";
import type { Turn } from "./turn.ts";
import { placeOnMachine } from "./whole-machine.ts";

/** Places all that can be placed now, as far as anything changed that lets it. */
export function place(schedule: ScoringSchedule, decisions: Decision[]): void {
  if (!schedule.stopped) {
    giveUpOrphans(schedule, decisions);
    const settled: OrderedList<Task>[] = [];
    for (let turn = nextTurn(schedule, settled); turn; turn = nextTurn(schedule, settled))
      if (!placeOne(schedule, turn, decisions)) settled.push(turn.queue);
    if (isStuck(schedule)) giveUpAll(schedule, schedule.classes.values(), decisions);
  }
  untouchAll(schedule);
}

/** Where nobody is left who could take a class. */
function giveUpOrphans(schedule: ScoringSchedule, decisions: Decision[]): void {
  if (schedule.policy.waitsForBuilders) return;
  for (const kind of schedule.touched)
    if (kind.ready > 0 && usableFor(kind) === 0) giveUpAll(schedule, [kind], decisions);
}

/** Whether nothing runs and nothing is coming that could make anything run. */
function isStuck({ policy, open, running, alarms, builders }: ScoringSchedule): boolean {
  if (policy.waitsForBuilders || open === 0 || running > 0) return false;
  for (const { about } of alarms) if (isHope(about)) return false;
  for (const { state, slotsOfOthers, suspension, probing } of builders.values()) {
    const isProbed = suspension !== undefined && probing;
    if (state === "connecting" || (state === "up" && (slotsOfOthers > 0 || isProbed))) return false;
  }
  return true;
}

/** A builder that fails one probe after the other is not waited for. */
function isHope(about: AlarmSubject): boolean {
  return about.kind === "suspension" ? about.builder.suspensions <= SUSPENSIONS_MAX : about.kind !== "rating";
}

const SUSPENSIONS_MAX = 2;

function giveUpAll(schedule: ScoringSchedule, kinds: Iterable<TaskClass>, decisions: Decision[]): void {
  const ready = [...kinds].flatMap(({ queues }) => [...queues.values()].flatMap((queue) => [...queue]));
  for (const task of new Set(ready)) if (task.phase === "ready") giveUp(schedule, task, decisions);
}

/** Who was served least goes first; of the same principal, the class with the most urgent task. */
function nextTurn({ touched }: ScoringSchedule, settled: readonly OrderedList<Task>[]): Turn | undefined {
  let best: Turn | undefined;
  for (const kind of touched) {
    if (kind.ready === 0 || (kind.openPools === 0 && !kind.reserved)) continue;
    for (const [principal, queue] of kind.queues) {
      if (queue.length === 0 || settled.includes(queue)) continue;
      const turn = { kind, principal, queue };
      if (!best || comesBefore(turn, best)) best = turn;
    }
  }
  return best;
}

function comesBefore(a: Turn, b: Turn): boolean {
  if (a.principal !== b.principal) {
    const bySharing = a.principal.servedMs - b.principal.servedMs;
    return (bySharing || compare(a.principal.name, b.principal.name)) < 0;
  }
  const [first, second] = [a.queue.first!, b.queue.first!];
  return (second.urgency - first.urgency || compare(first.id, second.id)) < 0;
}

function placeOne(schedule: ScoringSchedule, turn: Turn, decisions: Decision[]): boolean {
  const { kind, queue } = turn;
  const first = queue.first!;
  const lone = loneGraphBuilder(schedule, kind);
  if (lone && canTake(schedule, first, lone))
    return assignGraph(schedule, { first, builder: lone }, decisions);
  if (kind.wantsMachine) return placeOnMachine(schedule, turn, decisions);
  const isShort = queue.length > freeSlotsFor(kind);
  const found = isShort ? bestTask(schedule, turn) : bestBuilder(schedule, turn);
  if (found) assign(schedule, found, decisions);
  return found !== undefined;
}
