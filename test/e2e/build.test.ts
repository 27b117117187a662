import assert from "node:assert/strict";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { NIX_SUITES, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { BuildRig } from "./build-rig.ts";

const UNTRUSTED =
  "?remote-program=nix-daemon%20--extra-experimental-features%20daemon-trust-override%20--force-untrusted";

for (const suite of NIX_SUITES)
  describe(`on a builder with the stock Nix of ${suite}`, { skip: withoutSshd || withoutNix(suite) }, () => {
    for (const scheme of ["ssh-ng", "ssh"])
      test(`a graph is built by ${scheme} and its output comes home`, async () => {
        await using rig = await BuildRig.start(suite);
        const file = graphOf(rig);
        const builders = `${scheme}://rig x86_64-linux - 4 1`;
        const { code, out, err } = await rig.elsewhere(
          "build",
          file,
          "-j0",
          "--builders",
          builders,
          "--json",
        );
        assert.equal(code, 0, err);
        const report = JSON.parse(out);
        assert.equal(report.complete, true);
        assert.equal(report.builds.length, 12);
        assert.deepEqual(report.requested[0].origins.out.kind, "built");
        assert.equal(contentsOf(rig), "hello 0 1 2 3 4 5 6 7 8 9\n");
      });

    test("a failure shows the end of the log, and 'log' shows all of it", async () => {
      await using rig = await BuildRig.start(suite);
      const file = rig.drvs.derive("bad", { script: "for i in 1 2 3; do echo line $i; done; exit 3" });
      const { code, err } = await rig.elsewhere(
        "build",
        file,
        "-j0",
        "--builders",
        "ssh-ng://rig x86_64-linux",
      );
      assert.equal(code, 100, err);
      assert.match(err, /failed bad on rig: .*exit code 3/);
      assert.match(err, /> line 1\n {2}> line 2\n {2}> line 3\n/);
      const log = await rig.elsewhere("log", `/nix/store/${file.split("/").at(-1)}`);
      assert.equal(log.out, "line 1\nline 2\nline 3\n");
    });

    test("one that does not trust us builds from the derivations", {
      skip: suite === "bookworm" && "Nix 2.8 cannot be told to distrust",
    }, async () => {
      await using rig = await BuildRig.start(suite);
      const builders = `ssh-ng://rig${UNTRUSTED} x86_64-linux - 4 1`;
      const { code, err } = await rig.elsewhere("build", graphOf(rig), "-j0", "--builders", builders);
      assert.equal(code, 0, err);
      assert.equal(contentsOf(rig), "hello 0 1 2 3 4 5 6 7 8 9\n");
    });
  });

describe("with Elsewhere builders and no Nix anywhere", { skip: withoutSshd }, () => {
  test("each part of a graph goes to the builder that can do it, and intermediate outputs between them", async () => {
    await using rig = await BuildRig.start();
    rig.drvs.derive("plain", { script: "echo plain > $out" });
    rig.drvs.derive("special", {
      script: "read x < $plain; echo special $x > $out",
      inputs: ["plain"],
      features: ["big-parallel"],
    });
    const file = rig.drvs.derive("all", {
      script: "read x < $special; echo all $x > $out",
      inputs: ["special"],
    });
    const builders = `${rig.elsewhereBuilder("one")} x86_64-linux - 2 1 - -; ${rig.elsewhereBuilder("two")} x86_64-linux - 2 1 - big-parallel`;
    const { code, out, err } = await rig.elsewhere("build", file, "-j0", "--builders", builders, "--json");
    assert.equal(code, 0, err);
    assert.equal(contentsOf(rig), "all special plain\n");
    assert.equal(JSON.parse(out).builds.length, 3);
  });

  test("what is there is not built again, and nobody is asked", async () => {
    await using rig = await BuildRig.start();
    const file = rig.drvs.derive("once", { script: "echo once > $out" });
    const builders = `${rig.elsewhereBuilder("one")} x86_64-linux - 2 1`;
    assert.equal((await rig.elsewhere("build", file, "-j0", "--builders", builders)).code, 0);
    const again = await rig.elsewhere(
      "build",
      file,
      "-j0",
      "--builders",
      "ssh-ng://nowhere.invalid x86_64-linux",
    );
    assert.equal(again.code, 0, again.err);
    assert.match(again.err, /once +already there/);
  });

  test("a Mac that nobody builds Linux for is told what is missing and what to type", async () => {
    await using rig = await BuildRig.start();
    const file = rig.drvs.derive("linux", { script: "echo > $out" });
    const { code, err } = await rig.elsewhere(
      "build",
      file,
      "--system",
      "aarch64-darwin",
      "--builders",
      "",
      "--option",
      "extra-platforms",
      "",
    );
    assert.equal(code, 1);
    assert.match(err, /no machine can build it; it needs x86_64-linux/);
    assert.match(err, /here: it builds aarch64-darwin, not x86_64-linux/);
    assert.match(err, /hint: add a builder: --builders 'ssh-ng:\/\/HOST x86_64-linux/);
  });

  test("a builder that is down costs one attempt, is remembered, and the other one builds", async () => {
    await using rig = await BuildRig.start();
    const file = rig.drvs.derive("elsewhere", { script: "echo > $out" });
    const dead = "ssh-ng://127.0.0.1:1 x86_64-linux - 2 9";
    const builders = `${dead}; ${rig.elsewhereBuilder("one")} x86_64-linux - 2 1`;
    const first = await rig.elsewhere("build", file, "-j0", "--builders", builders, "--no-link");
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /no use of 127\.0\.0\.1:1: .*refused/);
    rmSync(rig.store, { recursive: true, force: true });
    const second = await rig.elsewhere("build", file, "-j0", "--builders", builders, "--no-link");
    assert.equal(second.code, 0, second.err);
    assert.doesNotMatch(second.err, /no use of/);
  });
});

/** Ten leaves that read a source, and a root that joins them. */
function graphOf(rig: BuildRig): string {
  const source = rig.drvs.source("greeting", "hello\n");
  const names = Array.from({ length: 10 }, (_, index) => `leaf${index}`);
  for (const [index, name] of names.entries()) rig.drvs.derive(name, { script: `echo ${index} > $out` });
  rig.drvs.derive("greeter", { script: `read x < ${source}; echo $x > $out` });
  const reads = names.map((name) => `read x < $${name}; all="$all $x"`).join("; ");
  return rig.drvs.derive("root", {
    script: `read all < $greeter; ${reads}; echo "$all" > $out`,
    inputs: ["greeter", ...names],
  });
}

function contentsOf(rig: BuildRig): string {
  return readFileSync(readlinkSync(join(rig.folder, "work/result")), "utf8");
}
