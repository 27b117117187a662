import type { BuildEvent } from "#build/events.ts";
import { NIX32_ALPHABET } from "#nix/nix32.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { anyPlacement } from "./build-events.ts";

export interface StoryOptions {
  readonly builds: number;
  readonly builders: readonly { readonly name: string; readonly slots: number }[];
  readonly seed: number;
  /** Of so many builds, one fails. */
  readonly failEvery?: number;
}

/** What a run of a made-up graph says from its beginning to its end: the same for the same seed. */
export function* runStory({ builds, builders, seed, failEvery }: StoryOptions): Generator<BuildEvent> {
  const chance = chanceFrom(seed);
  const paths = Array.from({ length: builds }, (_, place) => drvPathOf(place, chance));
  const needs = paths.map((_, place) => needsOf(place, builds, chance));
  yield { kind: "planned", atMs: 0, builds: paths, needs, alreadyThere: 0 };
  for (const { name } of builders) yield { kind: "builder-connecting", builder: name, atMs: 1 };
  for (const { name, slots } of builders) yield { kind: "builder-up", builder: name, slots, atMs: 400 };
  yield* new StoryTeller({ paths, needs, builders, chance, failEvery: failEvery ?? 0 }).tell();
}

interface Running {
  readonly place: number;
  readonly builder: string;
  readonly steps: BuildEvent[];
}

interface Tale {
  readonly paths: readonly StorePath[];
  readonly needs: readonly (readonly number[])[];
  readonly builders: StoryOptions["builders"];
  readonly chance: () => number;
  readonly failEvery: number;
}

class StoryTeller {
  readonly #options: Tale;
  readonly #open: number[];
  readonly #dependants: number[][];
  readonly #ready: number[] = [];
  readonly #running: Running[] = [];
  readonly #failed = new Set<number>();
  readonly #used = new Map<string, number>();
  #copies = 0;
  #nowMs = 400;

  constructor(options: Tale) {
    this.#options = options;
    this.#open = options.needs.map(({ length }) => length);
    this.#dependants = options.paths.map(() => []);
    for (const [place, needed] of options.needs.entries())
      for (const need of needed) this.#dependants[need]!.push(place);
    for (const [place, open] of this.#open.entries()) if (open === 0) this.#ready.push(place);
  }

  *tell(): Generator<BuildEvent> {
    this.#fill();
    while (this.#running.length > 0) {
      const next = this.#running.reduce((a, b) => (atMs(b.steps[0]!) < atMs(a.steps[0]!) ? b : a));
      const step = next.steps.shift()!;
      this.#nowMs = Math.max(this.#nowMs, atMs(step));
      yield step;
      if (next.steps.length > 0) continue;
      this.#running.splice(this.#running.indexOf(next), 1);
      this.#used.set(next.builder, this.#used.get(next.builder)! - 1);
      yield* this.#ended(next.place, step);
      this.#fill();
    }
  }

  *#ended(place: number, step: BuildEvent): Generator<BuildEvent> {
    const isGood = step.kind === "build-finished" && step.outcome.kind === "realised";
    if (!isGood) this.#failed.add(place);
    for (const dependant of this.#dependants[place]!) {
      this.#open[dependant]!--;
      if (this.#open[dependant]! > 0) continue;
      const because = this.#options.needs[dependant]!.find((need) => this.#failed.has(need));
      if (because === undefined) this.#ready.push(dependant);
      else {
        const outcome = { kind: "dependency-failed" as const, because: this.#options.paths[because]! };
        const skipped: BuildEvent = {
          kind: "build-finished",
          drvPath: this.#options.paths[dependant]!,
          outcome,
          atMs: this.#nowMs,
        };
        yield skipped;
        yield* this.#ended(dependant, skipped);
      }
    }
  }

  #fill(): void {
    for (const { name, slots } of this.#options.builders)
      while (this.#ready.length > 0 && (this.#used.get(name) ?? 0) < slots) {
        this.#used.set(name, (this.#used.get(name) ?? 0) + 1);
        this.#running.push(this.#begin(this.#ready.shift()!, name));
      }
  }

  #begin(place: number, builder: string): Running {
    const { paths, chance, failEvery } = this.#options;
    const drvPath = paths[place]!;
    const begin = this.#nowMs;
    const id = this.#copies++;
    const bytes = 1 + Math.floor(chance() * 64 * 2 ** 20);
    const sent = begin + bytes / 2 ** 14;
    const durationMs = 500 + Math.floor(chance() * 20_000);
    const end = sent + durationMs;
    const fails = failEvery > 0 && place % failEvery === failEvery - 1;
    const steps: BuildEvent[] = [
      { ...ATTEMPT, drvPath, builder, atMs: begin },
      { kind: "copy-started", id, from: "home", to: builder, paths: 3, bytes, route: "direct", atMs: begin },
      { kind: "copy-progressed", id, paths: 1, bytes: Math.floor(bytes / 2), atMs: (begin + sent) / 2 },
      { kind: "copy-finished", id, atMs: sent },
      { kind: "inputs-sent", drvPath, builder, atMs: sent },
      { kind: "build-began", together: false, drvPath, builder, atMs: sent },
      { kind: "build-finished", drvPath, outcome: outcomeOf(fails, builder, durationMs), atMs: end },
    ];
    return { place, builder, steps };
  }
}

function outcomeOf(fails: boolean, builder: string, durationMs: number) {
  if (fails)
    return {
      kind: "failed" as const,
      builder,
      status: "PermanentFailure" as const,
      message: "builder failed with exit code 1",
    };
  return { kind: "realised" as const, builder, how: "built" as const, outputs: new Map(), durationMs };
}

function atMs(event: BuildEvent): number {
  return "atMs" in event ? event.atMs : 0;
}

function drvPathOf(place: number, chance: () => number): StorePath {
  const digits = Array.from({ length: 32 }, () => NIX32_ALPHABET[Math.floor(chance() * 32)]);
  return parseStorePathBaseName(`${digits.join("")}-${WORDS[place % WORDS.length]}-${place}.drv`);
}

/** Up to three of the builds shortly before it; the last needs all that nobody else would. */
function needsOf(place: number, builds: number, chance: () => number): number[] {
  if (place === 0) return [];
  const wanted = place === builds - 1 ? 12 : Math.floor(chance() * 4);
  const near = Math.max(4, Math.floor(builds / 20));
  const found = new Set<number>();
  for (let n = 0; n < wanted; n++) found.add(Math.max(0, place - 1 - Math.floor(chance() * near)));
  return [...found];
}

/** Numbers from 0 to 1, the same for the same seed. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 16)) >>> 0) / 2 ** 32;
  };
}

const ATTEMPT = {
  kind: "attempt-started" as const,
  attempt: 1,
  together: 1,
  ...anyPlacement,
};
const WORDS = [
  "glibc",
  "linux-headers",
  "perl5.40-module",
  "python3.13-package",
  "lib",
  "unicode-data",
  "doc",
];
