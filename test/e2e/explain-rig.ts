import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { MachineFacts } from "#build/engine/site/builder-book.ts";
import { openBookFile } from "#build/remote/book-file.ts";
import type { BuilderVerdict } from "#schedule/reason.ts";
import { BuildRig, checkout } from "./build-rig.ts";

/** A client with builders, and what its state folder holds of them: those by where they are, as a machines file has it. */
export class ExplainRig implements AsyncDisposable {
  readonly build: BuildRig;
  readonly builders: string;

  private constructor(build: BuildRig, builders: string) {
    this.build = build;
    this.builders = builders;
  }

  /** With these lines of a machines file. */
  static async start(machines: (build: BuildRig) => readonly string[]): Promise<ExplainRig> {
    const build = await BuildRig.start();
    return new ExplainRig(build, machines(build).join("; "));
  }

  /** What `--json` says of a derivation, the verdicts by builder. */
  async ask(file: string) {
    const { code, out, err } = await this.#explain(file, "--json");
    assert.equal(code, 0, err);
    const [{ chosen, verdicts }] = JSON.parse(out);
    const byBuilder = (verdicts as BuilderVerdict[]).map((verdict) => [verdict.builder, verdict] as const);
    return {
      chosen: chosen as string,
      verdicts: Object.fromEntries(byBuilder) as Record<string, BuilderVerdict>,
    };
  }

  /** What a person reads. */
  async text(file: string): Promise<string> {
    return (await this.#explain(file)).out;
  }

  run(command: string, ...words: readonly string[]) {
    return this.build.run(command, ...words, "--builders", this.builders);
  }

  /** Writes into the book what a look at a machine has found. */
  note(uri: string, facts: Omit<MachineFacts, "atMs">): void {
    const book = openBookFile(this.#stateDir);
    book.noteMachine(uri, { atMs: Date.now(), ...facts });
  }

  /** A process of its own that holds slots of a builder until it leaves. */
  async holdSlots(uri: string, count: number): Promise<SlotHolder> {
    const holder = new SlotHolder(this.#stateDir, uri);
    for (let taken = 0; taken < count; taken++) await holder.take(count);
    return holder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.build[Symbol.asyncDispose]();
  }

  #explain(file: string, ...words: readonly string[]) {
    return this.build.elsewhere("explain", file, "-j0", "--builders", this.builders, ...words);
  }

  get #stateDir(): string {
    return join(this.build.folder, "state/elsewhere");
  }
}

class SlotHolder implements AsyncDisposable {
  readonly #child;
  readonly #lines;
  readonly #ended;

  constructor(stateDir: string, builder: string) {
    const program = `${checkout}/test/build/remote/slot-holder.ts`;
    this.#child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", program, stateDir, builder],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    this.#ended = once(this.#child, "close");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async take(slotsMax: number): Promise<void> {
    this.#child.stdin.write(`take ${slotsMax}\n`);
    for (;;) {
      const { value: said, done } = await this.#lines.next();
      assert.ok(!done && said !== "full", "it got the slot");
      if (said === "took") return;
    }
  }

  async leave(): Promise<void> {
    this.#child.stdin.end("leave\n");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#ended;
  }
}
