import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { NIX_SUITES, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { freePort, withoutSshd } from "#rig/sshd.ts";
import { ElsewhereClient, type Report } from "./elsewhere-client.ts";
import { Gate } from "./gate.ts";
import { type NixBuilder, startNixBuilder } from "./nix-builder.ts";

for (const suite of NIX_SUITES)
  for (const trusted of [true, false]) {
    const title = `Elsewhere, building on Nix of ${suite} that ${trusted ? "trusts" : "does not trust"} it`;
    describe(title, { skip: withoutNix(suite) || withoutSshd }, () => stories(suite, trusted));
  }

function stories(suite: NixSuite, trusted: boolean): void {
  let builder: NixBuilder;
  let other: NixBuilder;
  let client: ElsewhereClient;
  let builds = 0;
  const tag = () => `b${process.pid}-${++builds}`;
  before(async () => {
    builder = await startNixBuilder(suite, { name: "builder", trusted });
    other = await startNixBuilder(suite, { name: "other", trusted, features: "benchmark" });
    client = new ElsewhereClient(builder.nix);
  });
  after(async () => {
    client[Symbol.dispose]();
    await Promise.all([builder[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  });

  for (const scheme of ["ssh-ng", "ssh"] as const) {
    const both = () => [
      builder.machine(scheme, { features: "big-parallel" }),
      other.machine(scheme, { features: "benchmark", mandatory: "benchmark" }),
    ];

    test(`builds a graph on two builders over ${scheme}://, of which one takes only what needs it`, {
      skip: !trusted && "what moves from one builder to another is not signed",
    }, async () => {
      const [drv] = await client.instantiate(tag(), "all");
      const { code, said, report } = await client.build(both(), `${drv}^*`);
      assert.equal(code, 0, said);
      const out = report!.requested[0]!.outputs.out!;
      assert.match(readFileSync(client.file(`${out}/merged`), "utf8"), /big\nspecial\nleaf 5/);
      const places = new Set(builtBy(report!, other));
      assert.deepEqual([...places].map(nameOf), ["special"]);
      assert.ok(builtBy(report!, builder).length >= 22, said);
      await assertIsWhole(client);
      const inBetween = builtOutput(report!, "chain3");
      assert.ok(existsSync(`${builder.nix.nixFolder}/store/${inBetween.slice("/nix/store/".length)}`));
      assert.ok(!existsSync(client.file(inBetween)), "what is in between stays on the builder");
    });

    test(`builds a graph on one builder over ${scheme}://`, async () => {
      const [drv] = await client.instantiate(tag(), "all");
      const machines = [builder.machine(scheme, { features: "big-parallel,benchmark" })];
      const { code, said, report } = await client.build(machines, `${drv}^*`);
      assert.equal(code, 0, said);
      const out = report!.requested[0]!.outputs.out!;
      assert.match(readFileSync(client.file(`${out}/merged`), "utf8"), /big\nspecial\nleaf 5/);
      await assertIsWhole(client);
    });

    test(`builds what is addressed by its content over ${scheme}://`, {
      skip: suite === "bookworm" && "Nix 2.8 knows an older form of realisations",
    }, async () => {
      const [drv] = await client.instantiate(tag(), "ofFloating");
      const { code, said, report } = await client.build(
        [builder.machine(scheme, { features: "ca-derivations" })],
        drv!,
      );
      // Of a path that only the builder can tell, ssh:// has no word when it builds for itself.
      if (!trusted && scheme === "ssh") return assert.match(said, /reach it by ssh-ng:/);
      assert.equal(code, 0, said);
      const text = readFileSync(client.file(report!.requested[0]!.outputs.out!), "utf8");
      assert.match(text, /^floating\nfloating\n\/nix\/store\/.*-floating1\n$/);
      await assertIsWhole(client);
    });

    test(`takes a failure over ${scheme}:// as final, shows its last lines, and builds the rest`, async () => {
      const [failing, fine] = await client.instantiate(tag(), "aboveFailing", "pair");
      const { code, said, report } = await client.build(
        [builder.machine(scheme)],
        "--keep-going",
        failing!,
        fine!,
      );
      assert.equal(code, 100, said);
      assert.match(said, /it breaks here/);
      assert.match(said, /exit code 3/);
      const outcomes = new Map(report!.builds.map((build) => [nameOf(build.drvPath), build.kind]));
      assert.equal(outcomes.get("failing"), "failed");
      assert.equal(outcomes.get("aboveFailing"), "dependency-failed");
      assert.equal(outcomes.get("pair"), "realised");
      assert.ok(existsSync(client.file(builtOutput(report!, "pair"))));
    });

    test(`says which hash it got over ${scheme}:// where another was wanted`, async () => {
      const [drv] = await client.instantiate(tag(), "wrongHash");
      const { code, said } = await client.build([builder.machine(scheme)], drv!);
      assert.equal(code, 102, said);
      assert.match(said, /AAAAAAAAAAAA/);
      assert.match(said, /sha256-WJG1tSLV3whtD\/CxEPvZ0hu0\/HFjrzTQgoai6Eb2vgM=/);
    });
  }

  test("says that no machine has the features, and what to write", async () => {
    const [drv] = await client.instantiate(tag(), "big");
    const { code, said } = await client.build([builder.machine("ssh-ng")], drv!);
    assert.equal(code, 1, said);
    assert.match(said, /lacks the feature big-parallel/);
  });

  test("goes on with the other builder when one is down, and remembers it", async () => {
    const dead = `ssh-ng://root@127.0.0.1:${await freePort()} x86_64-linux - 4 9`;
    const machines = [dead, builder.machine("ssh-ng")];
    for (const expected of [/no use of .*Connection refused/, /remembered|^(?!.*Connection refused)/s]) {
      const [drv] = await client.instantiate(tag(), "pair");
      const { code, said } = await client.build(machines, drv!);
      assert.equal(code, 0, said);
      assert.match(said, expected);
    }
  });

  test("gives a build to another builder when its own is killed in the middle of it", async () => {
    const name = tag();
    using gate = new Gate(name);
    await using doomed = await startNixBuilder(suite, { name: "doomed", trusted });
    const [drv] = await client.instantiate(name, "waiting");
    // The faster one is chosen first.
    const machines = [doomed.machine("ssh-ng").replace(" 4 1 ", " 4 99 "), builder.machine("ssh-ng")];
    const building = client.build(machines, drv!);
    await gate.reached();
    await doomed.sshd.kill();
    gate.open();
    const { code, said, report } = await building;
    assert.equal(code, 0, said);
    assert.equal(report!.builds[0]!.builder, builder.name, said);
  });

  if (trusted) return;

  for (const scheme of ["ssh-ng", "ssh"] as const)
    test(`says over ${scheme}:// what to write on a builder that will not take an input`, async () => {
      const [drv] = await client.instantiate(tag(), "special");
      // What it needs was built on the other: nobody signed it, and this builder cannot build it again.
      const machines = [
        builder.machine(scheme, { features: "big-parallel" }),
        other.machine(scheme, { features: "benchmark", mandatory: "benchmark" }),
      ];
      const { code, said } = await client.build(machines, drv!);
      assert.equal(code, 100, said);
      assert.match(said, /trusted-users = root stranger/);
      assert.doesNotMatch(said, /not privileged|unexpected end-of-file/);
    });
}

async function assertIsWhole(client: ElsewhereClient): Promise<void> {
  const { code, said } = await client.verify();
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /error|modified|disappeared|mismatch/);
}

function builtBy({ builds }: Report, { name }: NixBuilder): string[] {
  return builds.filter(({ builder }) => builder === name).map(({ drvPath }) => drvPath);
}

function builtOutput({ builds }: Report, name: string): string {
  return builds.find(({ drvPath }) => nameOf(drvPath) === name)!.outputs!.out!;
}

/** `leaf1` of `/nix/store/…-TAG-leaf1.drv`. */
function nameOf(drvPath: string): string {
  return /-([A-Za-z0-9]+)\.drv$/.exec(drvPath)![1]!;
}
