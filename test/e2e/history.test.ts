import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withoutSshd } from "#rig/sshd.ts";
import { BuildRig, checkout } from "./build-rig.ts";

describe("the record of builds", { skip: withoutSshd }, () => {
  test("says where each was built, why there, and how its output came home", async () => {
    await using rig = await BuildRig.start();
    const builders = `${rig.elsewhereBuilder("one")} x86_64-linux - 2; ${rig.elsewhereBuilder("two")} x86_64-linux - 2 1 - special`;
    rig.drvs.derive("plain-1.0", { script: "echo said by plain; echo plain > $out" });
    const file = rig.drvs.derive("all-2.1", { script: "echo all > $out", inputs: ["plain-1.0"] });
    const built = await rig.elsewhere("build", file, "-j0", "--builders", builders);
    assert.equal(built.code, 0, built.err);
    assert.match(built.err, /plain-1\.0 +1 +built +rig/, "the summary tells build numbers");
    const bad = rig.drvs.derive("bad-3", { script: "echo no; exit 3" });
    assert.equal((await rig.elsewhere("build", bad, "-j0", "--builders", builders)).code, 100);

    const history = await elsewhere(rig, "history", "--json");
    assert.deepEqual(
      JSON.parse(history.out).map((one: Record<string, unknown>) => [one.build, one.status, one.builder]),
      [
        [3, "failed", "rig"],
        [2, "built", "rig"],
        [1, "built", "rig"],
      ],
    );
    assert.match((await elsewhere(rig, "history", "all*")).out, /^build.*\n2 +all-2\.1 +built +rig .*\n$/);
    assert.match((await elsewhere(rig, "history", "--status", "failed")).out, /\n3 +bad-3 +FAILED/);
    assert.match((await elsewhere(rig, "history", "--until", "1h")).err, /nothing of that kind was built/);

    assert.equal((await rig.elsewhere("log", "1")).out, "said by plain\n");
    assert.equal((await rig.elsewhere("log", "plain-1.0")).out, "said by plain\n");
    assert.match((await rig.elsewhere("log", "77")).err, /Cannot find a log of build 77/);

    const why = await rig.elsewhere("why", "./result");
    assert.match(why.out, /built on rig for x86_64-linux, natively in \S+ s: build 2 \(.*\), CPU \S+ s/);
    assert.match(why.out, /asked for by \S+: elsewhere build/);
    assert.match(why.out, /copied from rig to local\?root=/);
    const steps = JSON.parse((await rig.elsewhere("why", "./result", "--json")).out)[0].steps;
    assert.deepEqual(
      steps.map(({ kind }: { kind: string }) => kind),
      ["made", "copied", "arrived"],
    );

    const past = await elsewhere(rig, "explain", "--build", "2");
    assert.match(past.out, /attempt 1 on rig succeeded/);
    assert.match(past.out, /rig +YES +it is done there soonest/);
    assert.match(past.out, /rig#2 +no +it only takes builds that need special/);
    assert.match((await elsewhere(rig, "explain", "--build", "77")).err, /Cannot find build 77/);
  });

  test("does not let a build on this machine go unseen", async () => {
    await using rig = await BuildRig.start();
    const builders = "ssh-ng://nowhere.invalid x86_64-linux; ssh-ng://arm.invalid aarch64-linux";
    const build = (name: string) =>
      rig.elsewhere(
        "build",
        rig.drvs.derive(name, { script: "echo > $out" }),
        "--builders",
        builders,
        "--option",
        "sandbox",
        "true",
      );
    for (const name of ["first", "second"]) {
      const { code, err } = await build(name);
      assert.equal(code, 0, err);
      assert.match(err, /built on this machine, and why on no builder:\n {2}\w+\n/);
      assert.match(err, /nowhere\.invalid: Cannot connect to/, "also when it is only remembered");
      assert.match(err, /arm\.invalid: it builds aarch64-linux, not x86_64-linux/);
    }
    const history = await elsewhere(rig, "history", "--builder", "here");
    assert.match(
      history.out,
      /build 2 ran on this machine\. Of the builders, nowhere\.invalid: Cannot connect/,
    );
  });

  test("explains of every builder why it would or would not get a derivation", async () => {
    await using rig = await BuildRig.start();
    const one = rig.elsewhereBuilder("one");
    const builders = [
      `${one} x86_64-linux - 1 2`,
      `${rig.elsewhereBuilder("two")} x86_64-linux - 1 1`,
      `${rig.elsewhereBuilder("three")} x86_64-linux - 1 1 - special`,
      `${rig.elsewhereBuilder("four")} x86_64-linux - 0`,
      "ssh-ng://nowhere.invalid x86_64-linux",
      "ssh-ng://arm.invalid aarch64-linux",
    ].join("; ");
    const file = rig.drvs.derive("wanted", { script: "echo > $out" });
    const ask = () => rig.elsewhere("explain", file, "-j0", "--builders", builders, "--json");
    const first = await ask();
    assert.equal(first.code, 0, first.err);
    const [{ chosen, verdicts, faults }] = JSON.parse(first.out);
    assert.equal(chosen, "rig", "the faster of two that can");
    const reasons = Object.fromEntries(
      verdicts.map((verdict: { builder: string; obstacle?: { kind: string } }) => [
        verdict.builder,
        verdict.obstacle?.kind,
      ]),
    );
    assert.deepEqual(reasons, {
      rig: undefined,
      "rig#2": undefined,
      "rig#3": "mandatory-features",
      "rig#4": "no-slots",
      "nowhere.invalid": "down",
      "arm.invalid": "system",
    });
    assert.match(faults["nowhere.invalid"], /Cannot connect/);
    await rig.elsewhere("builders", "drain", "rig", "--builders", builders);
    const text = await rig.elsewhere("explain", file, "-j0", "--builders", builders);
    assert.match(text.out, /rig +no +it is drained/);
    assert.match(text.out, /rig#2 +YES/);
    const needy = rig.drvs.derive("needy", { script: "echo > $out", features: ["unheard-of"] });
    const nobody = await rig.elsewhere("explain", needy, "-j0", "--builders", builders);
    assert.equal(nobody.code, 1);
    assert.match(nobody.out, /rig +no +it lacks the feature unheard-of/);
  });

  test("shows a killed build as interrupted, and its log as far as it came", async () => {
    await using rig = await BuildRig.start();
    const script = "echo under way; while :; do read -t 1 x < /dev/zero; done";
    const file = rig.drvs.derive("endless", { script });
    const words = ["build", file, "-j0", "-L", "--builders", `${rig.elsewhereBuilder("one")} x86_64-linux`];
    const build = start(rig, [...words, "--store", rig.store]);
    await build.said(/> under way/);
    const follow = start(rig, ["log", "--follow", "1"]);
    await follow.said(/under way\n/);
    build.kill();
    await build.ended;
    // Who follows it is told that it is over.
    await follow.ended;
    assert.match((await elsewhere(rig, "history")).out, /\n1 +endless +interrupted/);
    assert.equal((await rig.elsewhere("log", "1")).out, "under way\n");
    assert.deepEqual(
      readdirSync(join(rig.folder, "state/elsewhere")).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });
});

/** With this client's home, and no `--store`. */
async function elsewhere(rig: BuildRig, ...words: readonly string[]): Promise<{ out: string; err: string }> {
  const started = start(rig, words);
  await started.ended;
  return started;
}

function start(rig: BuildRig, words: readonly string[]) {
  const child = spawn(process.execPath, [...NODE, ...words], {
    env: envOf(rig),
    cwd: join(rig.folder, "work"),
  });
  const ended = once(child, "close");
  const started = {
    out: "",
    err: "",
    ended,
    kill: () => child.kill("SIGKILL"),
    /** Resolves when it has said this on either channel. */
    said: async (what: RegExp) => {
      const hasSaid = () => what.test(started.out) || what.test(started.err);
      while (!hasSaid() && child.exitCode === null)
        await Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), ended]);
      assert.ok(hasSaid(), `it ended without saying ${what}: ${started.err}`);
    },
  };
  child.stdout.on("data", (chunk) => (started.out += chunk));
  child.stderr.on("data", (chunk) => (started.err += chunk));
  return started;
}

function envOf(rig: BuildRig): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: rig.folder,
    XDG_STATE_HOME: join(rig.folder, "state"),
    XDG_DATA_HOME: join(rig.folder, "data"),
    NIX_CONF_DIR: join(rig.folder, "etc"),
    NIX_SSHOPTS: rig.sshd.sshOptions.join(" "),
    NO_COLOR: "1",
  };
}

const NODE = ["--disable-warning=ExperimentalWarning", `${checkout}/src/main/main.ts`];
