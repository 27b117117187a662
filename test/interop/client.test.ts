import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { NIX_SUITES, type NixSuite, withoutNix } from "#rig/nix-root.ts";
import { withoutSshd } from "#rig/sshd.ts";
import { type Built, DOORS, type DoorName, MATRIX, Served } from "./served.ts";

for (const suite of NIX_SUITES)
  for (const door of DOORS) {
    const skip = withoutNix(suite) || (door === "unix://" ? false : withoutSshd);
    describe(`Nix of ${suite}, a client over ${door}`, { skip }, () => stories(suite, door));
  }

function stories(suite: NixSuite, door: DoorName): void {
  let served: Served;
  before(async () => {
    served = await Served.behind(door, suite);
  });
  after(async () => {
    await served[Symbol.asyncDispose]();
  });
  const isOld = suite === "bookworm";
  const daemonOnly = door.startsWith("ssh://") && "no client of Nix does that over ssh://";
  // One way to each protocol is enough for the details.
  const isShort = door === "ssh-ng:// by remote-program" || door === "ssh:// by a forced command";

  test("greets it", async () => {
    const said = (await served.attempt("nix", "store", isOld ? "ping" : "info", "--store", served.uri)).said;
    assert.match(said, /Store URL: /);
    if (served.speaksDaemon && !isOld) assert.match(said, /Version: Elsewhere.*\nTrusted: 1/);
  });

  test("copies a closure there, asks about it, and takes it back", async () => {
    const out = await served.buildOnClient("merged");
    const closure = (await served.nixCommand("path-info", "-r", out)).split("\n");
    await served.nixCommand("copy", "--no-check-sigs", "--to", served.uri, out);
    const there = await served.nixCommand("path-info", "-r", "--store", served.uri, out);
    assert.deepEqual(there.split("\n").sort(), closure.sort());
    const text = await served.run("cat", out);
    await served.run("nix-store", "--delete", out);
    await served.nixCommand("copy", "--no-check-sigs", "--from", served.uri, out);
    assert.equal(await served.run("cat", out), text);
    await served.nixCommand("store", "verify", "--no-trust", "--store", served.uri, "-r", out);
    await served.assertIsWhole();
  });

  test("builds on it through the build hook", async () => {
    const [built] = JSON.parse(await served.run(...throughHook(served, "structured1"), "--json")) as Built[];
    assert.match(await served.run("cat", `${built!.outputs.out}/attributes`), /"numbers":\[1,2,3\]/);
  });

  if (isShort) return;

  test("copies derivations there and builds them there", { skip: daemonOnly }, async () => {
    const drv = await served.run("nix-instantiate", MATRIX, "--argstr", "tag", served.tag(), "-A", "pair");
    await served.nixCommand("copy", "--no-check-sigs", "--derivation", "--to", served.uri, drv);
    const name = isOld ? drv : `${drv}^*`;
    const said = await served.nixCommand("build", "--no-link", "--json", "--store", served.uri, name);
    const [built] = JSON.parse(said) as { outputs: Record<string, string> }[];
    assert.match(readFileSync(served.file(built!.outputs.out!), "utf8"), /-leaf1\n$/);
  });

  test("builds a graph in its store", { skip: daemonOnly }, async () => {
    const [built] = await served.buildInStore("all");
    assert.match(readFileSync(served.file(`${built!.outputs.out}/merged`), "utf8"), /big\nspecial\nleaf 5/);
    await served.assertIsWhole();
  });

  test("builds what is addressed by its content, in its store and through the hook", {
    skip: isOld && "Nix 2.8 knows an older form of realisations",
  }, async () => {
    if (served.speaksDaemon) {
      const [built] = await served.buildInStore("ofFloating");
      assert.equal(readFileSync(served.file(built!.outputs.out!), "utf8").split("\n")[0], "floating");
    }
    const [home] = JSON.parse(await served.run(...throughHook(served, "ofFloating"), "--json")) as Built[];
    assert.match(await served.run("cat", home!.outputs.out!), /^floating\nfloating\n/);
  });

  test("hears both hashes when a fixed output has another", async () => {
    for (const words of waysToBuild(served, "wrongHash")) {
      const { code, said } = await served.attempt(...words);
      assert.notEqual(code, 0);
      assert.match(said, /sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=/);
      assert.match(said, /sha256-WJG1tSLV3whtD\/CxEPvZ0hu0\/HFjrzTQgoai6Eb2vgM=/);
    }
  });

  test("hears why a build failed, with its last lines, in its store and through the hook", async () => {
    for (const words of waysToBuild(served, "failing")) {
      const { code, said } = await served.attempt(...words);
      assert.notEqual(code, 0);
      assert.match(said, /it breaks here/, words.join(" "));
      assert.match(said, /exit code 3|failed with exit code|builder for '.*' failed/, said);
    }
  });

  test("builds the rest of what it asks for when one fails", {
    skip: door !== "unix://" && "a client over ssh does not say that it wants to keep going",
  }, async () => {
    const tag = ["--argstr", "tag", served.tag()];
    const words = ["--no-link", "--eval-store", "auto", "--store", served.uri, "-f", MATRIX, ...tag];
    const { code } = await served.attempt("nix", "build", "--keep-going", ...words, "failing", "pair");
    assert.notEqual(code, 0);
    const said = await served.nixCommand("build", "--json", ...words, "pair", "-j0", "--dry-run");
    const [pair] = JSON.parse(said.slice(said.indexOf("["))) as Built[];
    assert.ok(existsSync(served.file(pair!.outputs.out!)));
  });

  test("reads the log of a build", {
    skip: door !== "unix://" && "the protocol has no words for it: its client reads the log's file",
  }, async () => {
    const [built] = await served.buildInStore("pair");
    assert.match(await served.nixCommand("log", "--store", served.uri, built!.drvPath), /the log of pair/);
  });

  test("verifies, optimises and collects garbage", { skip: daemonOnly }, async () => {
    const [built] = await served.buildInStore("lone");
    const out = served.file(built!.outputs.out!);
    await served.run("nix-store", "--store", served.uri, "--verify", "--check-contents");
    await served.run("nix-store", "--store", served.uri, "--optimise");
    assert.match(await served.run("nix-store", "--store", served.uri, "--gc", "--print-dead"), /-lone$/m);
    assert.ok(existsSync(out));
    await served.nixCommand("store", "gc", "--store", served.uri);
    assert.ok(!existsSync(out));
    await served.assertIsWhole();
  });

  if (door === "unix://") storiesOfADaemon(() => served);
}

/** What Nix's older commands do where `NIX_REMOTE` says that Elsewhere is the daemon. */
function storiesOfADaemon(served: () => Served): void {
  const nixStore = (...words: readonly string[]) =>
    served().run("env", `NIX_REMOTE=${served().uri}`, "nix-store", ...words);

  test("adds, asks, reads and deletes as any client of a daemon does", async () => {
    const file = join(served().store, "..", "a-file");
    writeFileSync(file, "added\n");
    const path = await nixStore("--add", file);
    const fixed = await nixStore("--add-fixed", "sha256", file);
    assert.notEqual(path, fixed);
    assert.equal(readFileSync(served().file(path), "utf8"), "added\n");
    assert.match(await nixStore("-q", "--hash", path), /^sha256:/);
    assert.equal(await nixStore("-q", "--size", path), "120");
    assert.equal(await nixStore("--check-validity", path), "");
    assert.equal(await nixStore("-q", "--references", path), "");
    await nixStore("--delete", path);
    assert.ok(!existsSync(served().file(path)));
    assert.ok(existsSync(served().file(fixed)));
  });

  test("instantiates, realises and asks about the graph", async () => {
    const remote = `NIX_REMOTE=${served().uri}`;
    const tag = ["--argstr", "tag", served().tag()];
    const drv = await served().run("env", remote, "nix-instantiate", MATRIX, ...tag, "-A", "pair");
    const out = await nixStore("--realise", drv);
    assert.equal(await nixStore("-q", "--deriver", out), drv);
    assert.equal(await nixStore("-q", "--outputs", drv), out);
    const leaf = (await nixStore("-q", "--references", out)).trim();
    assert.match(leaf, /-leaf1$/);
    assert.equal(await nixStore("-q", "--referrers", leaf), out);
    assert.deepEqual((await nixStore("-qR", out)).split("\n"), [leaf, out]);
    assert.match(await nixStore("--read-log", drv), /the log of pair/);
    await nixStore("--verify-path", out);
    assert.match(await nixStore("--export", out).then((text) => text.slice(0, 400)), /nix-archive-1/);
  });

  test("keeps what a root keeps, and says which", async () => {
    const remote = `NIX_REMOTE=${served().uri}`;
    const root = join(served().store, "..", "result");
    const tag = ["--argstr", "tag", served().tag()];
    const out = await served().run("env", remote, "nix-build", MATRIX, ...tag, "-A", "lone", "-o", root);
    assert.match(await nixStore("--gc", "--print-roots"), new RegExp(`${root}"? -> ${out}`));
    assert.equal((await nixStore("-q", "--roots", out)).split(" ")[0], root);
    await nixStore("--gc");
    assert.ok(existsSync(served().file(out)));
    await served().run("rm", root);
    await nixStore("--gc");
    assert.ok(!existsSync(served().file(out)));
  });

  test("verifies and optimises", async () => {
    await nixStore("--verify", "--check-contents");
    await nixStore("--optimise");
    await served().assertIsWhole();
  });
}

function waysToBuild(served: Served, attribute: string): (readonly string[])[] {
  const hook = throughHook(served, attribute);
  return served.speaksDaemon ? [inStore(served, attribute), hook] : [hook];
}

function inStore(served: Served, attribute: string): readonly string[] {
  const words = ["--no-link", "--eval-store", "auto", "--store", served.uri];
  return ["nix", "build", ...words, ...served.matrix(), attribute];
}

function throughHook(served: Served, attribute: string): readonly string[] {
  const machine = `${served.uri} x86_64-linux - 4 1 big-parallel,benchmark,ca-derivations`;
  // Over a socket the hook also tells where the shell of Debian's sandbox lies, on the client.
  const words = ["--no-link", "-j0", "--option", "sandbox-paths", "", "--builders", machine];
  return ["nix", "build", ...words, ...served.matrix(), attribute];
}
