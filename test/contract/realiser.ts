import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { BuildStatus, KeyedBuildResult } from "#nix/build-result.ts";
import { type LogEvent, RESULT } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { BuildSettings, Realiser } from "#store/realiser.ts";
import type { QueryableStore } from "#store/store.ts";

/** What a realiser is tried with: a store in which derivations can be put, on this machine's disk. */
export interface RealiserSubject extends AsyncDisposable {
  readonly realiser: Realiser;
  readonly store: QueryableStore;
  /** Writes a derivation whose script a POSIX shell runs; `$bb` is busybox, each input a variable of its name. */
  add(text: {
    name: string;
    script: string;
    inputs?: Readonly<Record<string, StorePath>>;
    env?: Readonly<Record<string, string>>;
    system?: string;
  }): Promise<StorePath>;
  realPathOf(path: StorePath): string;
}

/** What every realiser does, whatever lies behind it. */
export function realiserContract(
  what: string,
  open: () => Promise<RealiserSubject>,
  skip: string | false = false,
): void {
  const story = (name: string, tell: (subject: RealiserSubject) => Promise<void>) =>
    test(`${what} ${name}`, { skip }, async () => {
      await using subject = await open();
      await tell(subject);
    });

  story("builds a derivation and registers its output with its references", async (subject) => {
    const a = await subject.add({ name: "a", script: "echo one > $out" });
    const b = await subject.add({ name: "b", script: "echo $a > $out", inputs: { a } });
    const [result] = await build(subject, [b]);
    const [first] = await build(subject, [a]);
    assert.equal(first!.status, "AlreadyValid");
    const out = result!.builtOutputs.get("out")!.outPath;
    const infos = await subject.store.queryPathInfos([out]);
    assert.deepEqual(infos.get(out)!.references, [first!.builtOutputs.get("out")!.outPath]);
    assert.equal(infos.get(out)!.deriver, b);
    assert.match(readFileSync(subject.realPathOf(out), "utf8"), /-a\n$/);
  });

  story("says that what is valid already is", async (subject) => {
    const drv = await subject.add({ name: "once", script: "echo x > $out" });
    assert.deepEqual(statuses(await build(subject, [drv])), ["Built"]);
    assert.deepEqual(statuses(await build(subject, [drv])), ["AlreadyValid"]);
  });

  story("reports a failed builder with its exit code and keeps its log", async (subject) => {
    const drv = await subject.add({ name: "fails", script: "echo said; exit 3" });
    const [result] = await build(subject, [drv]);
    assert.equal(result!.status, "PermanentFailure");
    assert.match(result!.errorMessage, /builder failed with exit code 3/);
    let log = "";
    for await (const chunk of (await subject.store.buildLog(drv))!) log += chunk.toString();
    assert.match(log, /said/);
  });

  story("fails what depends on a failure, and with keep-going builds the rest", async (subject) => {
    const bad = await subject.add({ name: "bad", script: "exit 1" });
    const above = await subject.add({ name: "above", script: "echo $bad > $out", inputs: { bad } });
    const good = await subject.add({ name: "good", script: "echo good > $out" });
    const results = await build(subject, [above, good], { keepGoing: true });
    assert.deepEqual(statuses(results), ["DependencyFailed", "Built"]);
  });

  story("refuses another system in words that name both", async (subject) => {
    const drv = await subject.add({ name: "far", script: "true", system: "riscv64-plan9" });
    const [result] = await build(subject, [drv]);
    assert.notEqual(result!.status, "Built");
    assert.match(result!.errorMessage, /riscv64-plan9/);
  });

  story("sends the lines that the builder writes", async (subject) => {
    const drv = await subject.add({ name: "talks", script: "echo first; echo second >&2; echo x > $out" });
    const events: LogEvent[] = [];
    await build(subject, [drv], {}, (event) => events.push(event));
    const lines = events.flatMap((event) =>
      event.kind === "result" && event.type === RESULT.buildLogLine ? [event.fields[0]] : [],
    );
    assert.deepEqual(lines, ["first", "second"]);
  });

  story("says what is missing, without building it", async (subject) => {
    const a = await subject.add({ name: "missing-a", script: "echo a > $out" });
    const b = await subject.add({ name: "missing-b", script: "echo $a > $out", inputs: { a } });
    const wanted = [{ kind: "built", drvPath: b, outputs: "*" } as const];
    assert.deepEqual([...(await subject.realiser.queryMissing(wanted)).willBuild].sort(), [a, b].sort());
    await build(subject, [b]);
    assert.deepEqual((await subject.realiser.queryMissing(wanted)).willBuild, []);
  });

  story("stops a build whose client goes away", async (subject) => {
    const drv = await subject.add({ name: "endless", script: "echo begun; while :; do $bb sleep 1; done" });
    const client = new AbortController();
    const results = await build(
      subject,
      [drv],
      {},
      (event) => {
        if (event.kind === "result" && event.type === RESULT.buildLogLine) client.abort();
      },
      client.signal,
    );
    assert.notEqual(results[0]!.status, "Built");
  });
}

async function build(
  { realiser }: RealiserSubject,
  drvs: readonly StorePath[],
  settings: BuildSettings = {},
  log: (event: LogEvent) => void = () => undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<KeyedBuildResult[]> {
  const paths = drvs.map((drvPath) => ({ kind: "built", drvPath, outputs: "*" }) as const);
  return await realiser.buildPaths(paths, { mode: "normal", settings, signal, log });
}

function statuses(results: readonly KeyedBuildResult[]): BuildStatus[] {
  return results.map(({ status }) => status);
}
