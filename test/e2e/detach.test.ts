import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { watchRun } from "#build/journal/run-door.ts";
import { RunFolder } from "#build/journal/run-folder.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { parseLogLine } from "#wire/internal-json/log-line.ts";
import { BuildRig, type Ran } from "./build-rig.ts";

describe("builds that are left to themselves", { skip: withoutSshd }, () => {
  test("one brings its output and its link, and whoever comes back sees and gets what it made", async () => {
    await using rig = await BuildRig.start();
    const file = rig.drvs.derive("hello", { script: "echo greeting; echo hello > $out" });
    const { out, err } = await detach(rig, file, "--print-out-paths", "-L");
    assert.match(err, /'elsewhere attach \w{6}' shows it/);
    const attached = await rig.run("attach", out.trim(), "-L");
    assert.equal(attached.code, 0, attached.err);
    assert.match(attached.out, /^\/nix\/store\/\w{32}-hello\n$/);
    assert.match(attached.err, /hello> greeting\n(.*\n)*built hello on (.*\n)*asked for/);
    assert.equal(readFileSync(join(rig.folder, "work/result"), "utf8"), "hello\n");
    const again = await rig.run("attach", out.trim().slice(0, 4), "-L");
    assert.deepEqual(linesOf(again), linesOf(attached), "after its end it is told as it was");
  });

  test("the exit code of one that failed is that of its build, with the end of the log", async () => {
    await using rig = await BuildRig.start();
    const file = rig.drvs.derive("bad", { script: "echo so far; exit 3" });
    const { out } = await detach(rig, file);
    const attached = await rig.run("attach", out.trim());
    assert.equal(attached.code, 100, attached.err);
    assert.match(attached.err, /failed bad on .*exit code 3\nlast 1 log line:\n {2}> so far\n/);
  });

  test("what is wrong with the request is said at once, and nothing is left running", async () => {
    await using rig = await BuildRig.start();
    const { code, out, err } = await detach(rig, "./no-such.drv");
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(err, /there is no such file \[NO_SUCH_FILE\]/);
    assert.equal((await rig.run("ps", "--all")).out, "nothing runs\n");
  });

  test("one can be listed and stopped", async () => {
    await using rig = await BuildRig.start();
    const id = await detachEndless(rig);
    const [run] = JSON.parse((await rig.run("ps", "--json")).out);
    assert.equal(run.id, id);
    assert.equal(run.state, "running");
    assert.equal(run.isDetached, true);
    assert.match(run.running[0].drvPath, /-endless\.drv$/);
    const stopped = await rig.run("stop", id);
    assert.equal(stopped.code, 0, stopped.err);
    assert.equal((await rig.run("ps")).out, "nothing runs\n");
    assert.equal((await rig.run("attach", id)).code, 130);
    assert.match((await rig.run("ps", "--all")).out, /endless +stopped/);
  });

  test("one that was killed is known to have ended abnormally", async () => {
    await using rig = await BuildRig.start();
    const id = await detachEndless(rig);
    const [{ pid }] = JSON.parse((await rig.run("ps", "--json")).out);
    const attached = rig.run("attach", id);
    process.kill(pid, "SIGKILL");
    const { code, err } = await attached;
    assert.equal(code, 1);
    assert.match(err, /ended abnormally: its process \d+ is gone \[RUN_GONE\]/);
    assert.match((await rig.run("ps")).out, /endless +ended abnormally/);
  });

  test("with internal-json, standard error holds nothing else, a failure included", async () => {
    await using rig = await BuildRig.start();
    rig.drvs.derive("first", { script: "echo one > $out" });
    const bad = rig.drvs.derive("second", { script: "echo oh; exit 1", inputs: ["first"] });
    const { code, err } = await build(rig, bad, "--log-format", "internal-json");
    assert.equal(code, 100);
    const events = err.trimEnd().split("\n").map(parseLogLine);
    assert.ok(!events.includes(undefined), err);
    const builds = events.filter((event) => event?.kind === "start" && event.type === 105);
    assert.equal(builds.length, 2);
    assert.ok(
      events.some((event) => event?.kind === "result" && event.type === 101 && event.fields[0] === "oh"),
    );
    assert.ok(events.some((event) => event?.kind === "message" && /Reason: .*exit code 1/.test(event.text)));
    const wrong = await build(rig, "./no-such.drv", "--log-format", "internal-json");
    assert.equal(wrong.code, 1);
    const said = parseLogLine(wrong.err.trimEnd().split("\n").at(-1)!);
    assert.ok(said?.kind === "message" && said.level === 0 && /no such file/.test(said.rawText!));
  });
});

/** Without regard to when it was said beside the events. */
function linesOf({ code, out, err }: Ran) {
  return { code, out, said: err.split("\n").sort() };
}

function build(rig: BuildRig, file: string, ...words: readonly string[]) {
  const builders = `${rig.elsewhereBuilder("one")} x86_64-linux - 2 1`;
  return rig.elsewhere("build", file, "-j0", "--builders", builders, ...words);
}

function detach(rig: BuildRig, file: string, ...words: readonly string[]) {
  return build(rig, file, "--detach", ...words);
}

/** Leaves a build alone that does not end by itself; returns the name of the run when it is being built. */
async function detachEndless(rig: BuildRig): Promise<string> {
  const file = rig.drvs.derive("endless", { script: "while :; do sleep 1; done" });
  const { out } = await detach(rig, file);
  const id = out.trim();
  const watching = await watchRun(new RunFolder(join(rig.folder, "state/elsewhere"), id).head!.socket);
  for await (const { running } of watching!.status)
    if (running.some(({ stage }) => stage === "building")) {
      watching!.leave();
      return id;
    }
  throw new Error("it ended before it was built");
}
