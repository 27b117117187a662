import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { KeyedBuildResult } from "#nix/build-result.ts";
import { parseHash } from "#nix/hash.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import type { BuildMode, BuildSettings } from "#store/realiser.ts";
import { BuildRig, type DerivationText, type RigOptions, withoutSandbox } from "./build-rig.ts";

const story = (name: string, tell: (rig: BuildRig) => Promise<void>, options: RigOptions = {}) =>
  test(name, { skip: withoutSandbox }, async () => {
    await using rig = await BuildRig.open(options);
    await tell(rig);
  });

story("an attribute may have a name that no variable could have", async (rig) => {
  const { text } = await output(rig, {
    name: "names",
    script: 'echo "$first" > $out',
    env: { "": "nameless", "a b": "spaced", first: "1", "first=2": "3" },
  });
  assert.equal(text, "1\n");
});

story("the environment is Nix's, and nothing of this machine's", async (rig) => {
  const { text } = await output(rig, {
    name: "env",
    script: "$bb env | $bb sort > $out",
    env: { own: "a b" },
  });
  const variables = new Map(
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split("=", 2) as [string, string]),
  );
  variables.delete("SHLVL");
  assert.deepEqual(
    [...variables.keys()].sort(),
    [
      ..."HOME NIX_BUILD_CORES NIX_BUILD_TOP NIX_LOG_FD NIX_STORE PATH PWD TEMP TEMPDIR TERM TMP TMPDIR bb out own".split(
        " ",
      ),
    ].sort(),
  );
  assert.equal(variables.get("NIX_BUILD_TOP"), "/build");
  assert.equal(variables.get("NIX_BUILD_CORES"), "3");
  assert.equal(variables.get("HOME"), "/homeless-shelter");
  assert.equal(variables.get("PATH"), "/path-not-set");
  assert.equal(variables.get("TERM"), "xterm-256color");
  assert.equal(variables.get("own"), "a b");
});

story("the builder sees its inputs, its user and its host name, and nothing else", async (rig) => {
  const { text } = await output(rig, {
    name: "sees",
    script: `$bb ls /nix/store > /tmp/store; { $bb id; $bb hostname; $bb ls /; $bb cat /tmp/store; $bb cat /etc/hosts; umask; $bb stat -c %a /tmp /build; } > $out`,
  });
  assert.match(text, /uid=1000\(nixbld\) gid=100\(nixbld\)/);
  assert.match(text, /^localhost\nbin\nbuild\ndev\netc\nnix\nproc\ntmp\n[^\n]*-busybox\n127/m);
  assert.match(text, /127\.0\.0\.1 localhost\n::1 localhost\n0022\n1777\n700\n/);
});

story(
  "inputs are read-only, set-id modes and the network are refused, and /dev/stderr can be opened",
  async (rig) => {
    const { result, text } = await output(rig, {
      name: "refused",
      script: `echo heard > /dev/stderr
      { echo x 2>&1 > $bb || echo read-only; $bb touch /tmp/f; $bb chmod 4755 /tmp/f 2>&1; $bb ifconfig -a | $bb grep -c encap; } > $out 2>&1`,
    });
    assert.match(text, /read-only/);
    assert.match(text, /Operation not permitted/);
    assert.match(text, /^1$/m);
    assert.equal(result.status, "Built");
  },
);

story("what a derivation asks to get in files is in files", async (rig) => {
  const dep = await rig.add({ name: "dep", script: "echo $bb > $out" });
  const { text } = await output(rig, {
    name: "files",
    inputs: { dep },
    env: {
      big: "a long text",
      passAsFile: "big",
      exportReferencesGraph: `graph ${printStorePath(rig.store.storeDir, rig.outputPath(dep))}`,
    },
    script: "{ $bb cat $bigPath; echo; $bb cat /build/graph; echo unset$big; } > $out",
  });
  const shell = printStorePath(rig.store.storeDir, rig.shell);
  const depOut = printStorePath(rig.store.storeDir, rig.outputPath(dep));
  const entries = [`${shell}\n\n0\n`, `${depOut}\n\n1\n${shell}\n`].sort().join("");
  assert.equal(text, `a long text\n${entries}unset\n`);
});

story("structured attributes are files for a shell and for everything else", async (rig) => {
  const json = {
    flag: true,
    list: ["a", "b c"],
    n: 7,
    nothing: null,
    quote: "it's",
    table: { k: "v" },
    half: 0.5,
  };
  const { text } = await output(rig, {
    name: "structured",
    env: { __json: JSON.stringify({ ...json, name: "structured" }) },
    // The builder has none of its variables then, `bb` among them: the shell must do alone.
    script: `read -r json < /build/.attrs.json
      out=\${json#*'"outputs":{"out":"'}; out=\${out%%'"'*}
      { while read -r line; do echo "$line"; done < /build/.attrs.sh; echo "$json"; echo NIX_ATTRS_SH_FILE=$NIX_ATTRS_SH_FILE; } > $out`,
  });
  assert.match(
    text,
    /declare flag=1\ndeclare -a list=\('a' 'b c' \)\ndeclare n=7\ndeclare name='structured'\ndeclare nothing=''\ndeclare -A outputs=\(\['out'\]='[^']*-structured' \)\ndeclare quote='it'\\''s'\ndeclare -A table=\(\['k'\]='v' \)\n/,
  );
  assert.match(text, /"half":0\.5/);
  assert.match(text, /NIX_ATTRS_SH_FILE=\/build\/\.attrs\.sh/);
});

story("a fixed output that is another says both hashes", async (rig) => {
  const specified = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const drv = await rig.add({ name: "fixed", script: "echo hello > $out", output: fixed(specified) });
  const result = await build(rig, drv);
  assert.equal(result.status, "OutputRejected");
  assert.match(
    result.errorMessage,
    /^hash mismatch in fixed-output derivation '.*-fixed\.drv':\n {2}specified: sha256-A{43}=\n {5}got: {4}sha256-/,
  );
  const got = /got: +(sha256-\S+)/.exec(result.errorMessage)![1]!;
  const right = await rig.add({ name: "fixed", script: "echo hello > $out", output: fixed(got) });
  assert.equal((await build(rig, right)).status, "AlreadyValid", "what came was kept under its own name");
});

test("who waits for what another is building lets something else be built", {
  skip: withoutSandbox,
  timeout: 60_000,
}, async () => {
  await using rig = await BuildRig.open({ settings: { maxJobs: 1 } });
  const held = await rig.add({ name: "a-held", script: "echo x > $out" });
  const free = await rig.add({ name: "free", script: "echo x > $out" });
  const locks = await rig.store.outputs.lock([rig.outputPath(held)]);
  const log = (event: LogEvent) => {
    if (event.kind === "start" && /building .*-free\.drv/.test(event.text)) locks!.release();
  };
  const paths = [held, free].map((drvPath) => ({ kind: "built", drvPath, outputs: "*" }) as const);
  const { signal } = new AbortController();
  const results = await rig.realiser.buildPaths(paths, { mode: "normal", settings: {}, signal, log });
  assert.deepEqual(
    results.map(({ status }) => status),
    ["Built", "Built"],
  );
});

story("what resolves to what was built before needs no job", async (rig) => {
  const floating = { kind: "floating", method: "nar", algorithm: "sha256" } as const;
  const add = async (seed: string) => {
    const root = await rig.add({ name: "root", script: "echo x > $out", env: { seed }, output: floating });
    return [root, await rig.add({ name: "above", script: "echo $root > $out", inputs: { root } })] as const;
  };
  const [[, first], [root, second]] = [await add("1"), await add("2")];
  const built = await build(rig, first);
  await build(rig, root);
  const again = await build(rig, second, { maxJobs: 0 });
  assert.equal(again.status, "AlreadyValid", again.errorMessage);
  assert.equal(again.builtOutputs.get("out")!.outPath, built.builtOutputs.get("out")!.outPath);
});

test("impure variables come from impure-env, else from the environment", {
  skip: withoutSandbox,
}, async () => {
  const impureEnvironment = new Map([["TOLD", "by setting"]]);
  const settings = { impureEnvironment, environment: { TOLD: "by environment", LEFT: "as it was" } };
  await using rig = await BuildRig.open({ settings });
  const impure = (hash: string) =>
    rig.add({
      name: "impure",
      script: "echo $TOLD, $LEFT, $UNSET. > $out",
      env: { impureEnvVars: "TOLD LEFT UNSET" },
      output: fixed(hash),
    });
  const { errorMessage } = await build(rig, await impure(`sha256-${"A".repeat(43)}=`));
  const out = rig.outputPath(await impure(/got: +(sha256-\S+)/.exec(errorMessage)![1]!));
  assert.equal(readFileSync(rig.store.realPathOf(out), "utf8"), "by setting, as it was, .\n");
});

story("floating outputs are named by their contents, and those that need them follow", async (rig) => {
  const floating = { kind: "floating", method: "nar", algorithm: "sha256" } as const;
  const a = await rig.add({ name: "ca", script: "echo same; echo same $out > $out", output: floating });
  const b = await rig.add({ name: "ca", script: "echo other; echo same $out > $out", output: floating });
  const above = await rig.add({ name: "above", script: "echo $a > $out", inputs: { a } });
  const [first, second] = [await build(rig, a), await build(rig, b)];
  const path = first.builtOutputs.get("out")!.outPath;
  assert.equal(second.builtOutputs.get("out")!.outPath, path);
  const printed = printStorePath(rig.store.storeDir, path);
  assert.equal(readFileSync(rig.store.realPathOf(path), "utf8"), `same ${printed}\n`);
  const third = await build(rig, above);
  assert.equal(
    readFileSync(rig.store.realPathOf(third.builtOutputs.get("out")!.outPath), "utf8"),
    `${printed}\n`,
  );
  assert.equal(await rig.store.verify({ checkContents: true, repair: false }), false);
});

story("references that are not allowed, sizes and missing outputs reject the build", async (rig) => {
  const shell = printStorePath(rig.store.storeDir, rig.shell);
  const cases: [DerivationText, RegExp][] = [
    [
      { name: "none-allowed", script: "echo $bb > $out", env: { allowedReferences: "" } },
      /is not allowed to refer to the following paths:\n {2}\S+-busybox/,
    ],
    [
      { name: "this-not", script: "echo $bb > $out", env: { disallowedReferences: shell } },
      /is not allowed to refer/,
    ],
    [
      { name: "requisite-not", script: "echo $bb > $out", env: { disallowedRequisites: shell } },
      /is not allowed to refer/,
    ],
    [{ name: "nothing", script: "true" }, /failed to produce output path for output 'out'/],
    [{ name: "a-pipe", script: "$bb mkfifo $out" }, /unsupported type/],
    [
      { name: "circle", outputs: ["dev", "out"], script: "echo $dev > $out; echo $out > $dev" },
      /cycle detected/,
    ],
  ];
  for (const [text, message] of cases) {
    const result = await build(rig, await rig.add(text));
    assert.match(result.errorMessage, message, text.name);
    assert.notEqual(result.status, "Built");
  }
  assert.deepEqual(leftovers(rig), []);
});

story("time, silence and the size of the log are limited", async (rig) => {
  const sleeps = await rig.add({ name: "sleeps", script: "$bb sleep 60" });
  const talks = await rig.add({ name: "talks", script: "while :; do echo aaaaaaaaaaaaaaaa; done" });
  assert.match((await build(rig, sleeps, { timeoutS: 1 })).errorMessage, /timed out after 1 seconds$/);
  assert.match(
    (await build(rig, sleeps, { maxSilentTimeS: 1 })).errorMessage,
    /timed out after 1 seconds of silence/,
  );
  const result = await build(rig, talks, { maxLogSizeBytes: 1000 });
  assert.equal(result.status, "LogLimitExceeded");
  assert.deepEqual(leftovers(rig), []);
});

story("memory is limited, to the smaller of what is asked for and what the machine allows", async (rig) => {
  const eats = await rig.add({ name: "eats", script: EATS_MEMORY });
  const result = await build(rig, eats, { maxMemoryBytes: 64 << 20 });
  assert.equal(result.status, "PermanentFailure");
  assert.match(result.errorMessage, /^building derivation '.*-eats.drv' used more than 64 MiB of memory$/);
  const modest = await rig.add({ name: "modest", script: "echo little > $out" });
  assert.equal((await build(rig, modest, { maxMemoryBytes: 256 << 20 })).status, "Built");
  assert.deepEqual(leftovers(rig), []);
});

test("without a sandbox memory is limited, too, and what was started with it ends", async () => {
  await using rig = await BuildRig.open({
    sandbox: "none",
    inPlace: true,
    settings: { maxMemoryBytes: 64 << 20 },
  });
  // What eats is no child that the shell waits for: all of the build counts.
  const eats = await rig.add({ name: "eats", script: `(${EATS_MEMORY}) & $bb sleep 60` });
  const result = await build(rig, eats, { maxMemoryBytes: 1 << 30 });
  assert.match(result.errorMessage, /used more than 64 MiB of memory$/);
});

story("a check finds a build that differs, and with keep-failed both results are there", async (rig) => {
  const random = await rig.add({ name: "random", script: "$bb cat /proc/sys/kernel/random/uuid > $out" });
  const steady = await rig.add({ name: "steady", script: "echo same > $out" });
  assert.equal((await build(rig, steady, {}, "check")).status, "MiscFailure");
  for (const drv of [random, steady]) assert.equal((await build(rig, drv)).status, "Built");
  assert.equal((await build(rig, steady, {}, "check")).status, "Built");
  const result = await build(rig, random, { keepFailed: true }, "check");
  assert.equal(result.status, "NotDeterministic");
  assert.ok(existsSync(`${rig.store.realPathOf(rig.outputPath(random))}.check`));
});

story("a repair puts the right contents back", async (rig) => {
  const drv = await rig.add({ name: "mended", script: "echo right > $out" });
  await build(rig, drv);
  const place = rig.store.realPathOf(rig.outputPath(drv));
  chmodSync(place, 0o644);
  writeFileSync(place, "wrong\n");
  assert.equal((await build(rig, drv, {}, "repair")).status, "Built");
  assert.equal(readFileSync(place, "utf8"), "right\n");
  assert.equal(statSync(place).mtimeMs, 1000);
});

story("a failed build's folder is kept where that is asked", async (rig) => {
  const drv = await rig.add({ name: "kept", script: "echo clue > clue; exit 1" });
  await build(rig, drv, { keepFailed: true });
  assert.equal(readFileSync(`${rig.store.stateDir}/builds/nix-build-kept-0/build/clue`, "utf8"), "clue\n");
});

story("a build with hundreds of inputs starts at once", async (rig) => {
  const sources: StorePath[] = [];
  for (let index = 0; index < 500; index++) {
    const data = (async function* () {
      yield Buffer.from(`source ${index}`);
    })();
    const content = {
      name: `s${index}`,
      method: "flat",
      algorithm: "sha256",
      references: [],
      dump: "flat",
      data,
    } as const;
    sources.push((await rig.store.addContent(content)).path);
  }
  const { text } = await output(rig, {
    name: "many",
    sources,
    script:
      "$bb ls /nix/store > /tmp/list; $bb wc -l < /tmp/list > $out; echo x > /nix/store/$($bb head -1 /tmp/list) || echo kept >> $out",
  });
  assert.equal(text, "501\nkept\n");
});

story("builtin:buildenv links what packages have", async (rig) => {
  const one = await rig.add({
    name: "one",
    script: "$bb mkdir -p $out/bin $out/share; echo 1 > $out/bin/one; echo 1 > $out/share/a",
  });
  const two = await rig.add({
    name: "two",
    script: "$bb mkdir -p $out/bin; echo 2 > $out/bin/two; echo 2 > $out/bin/one",
  });
  const out = (drv: StorePath) => printStorePath(rig.store.storeDir, rig.outputPath(drv));
  const drv = await rig.add({
    name: "environment",
    builder: "builtin:buildenv",
    system: "builtin",
    inputs: { one, two },
    env: { derivations: `true 4 1 ${out(one)} true 5 1 ${out(two)}`, manifest: "/nix/store/manifest" },
  });
  const result = await build(rig, drv);
  assert.equal(result.status, "Built", result.errorMessage);
  const place = rig.store.realPathOf(rig.outputPath(drv));
  assert.equal(readlinkSync(`${place}/bin/one`), `${out(one)}/bin/one`);
  assert.equal(readlinkSync(`${place}/bin/two`), `${out(two)}/bin/two`);
  assert.equal(readlinkSync(`${place}/share`), `${out(one)}/share`);
});

story("builtin:fetchurl takes a file, and only the one that was specified", async (rig) => {
  writeFileSync(`${rig.dir}/file`, "hello\n");
  const env = { url: `file://${rig.dir}/file` };
  const flat = (hash: string) =>
    ({ kind: "fixed", address: { method: "flat", hash: parseHash(hash) } }) as const;
  const fetched = { name: "fetched", builder: "builtin:fetchurl", system: "builtin", env };
  const wrong = await build(
    rig,
    await rig.add({ ...fetched, output: flat("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") }),
  );
  assert.match(wrong.errorMessage, /hash mismatch/);
  const drv = await rig.add({
    ...fetched,
    output: flat("sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="),
  });
  assert.equal((await build(rig, drv)).status, "AlreadyValid", "what came was kept under its own name");
  assert.equal(readFileSync(rig.store.realPathOf(rig.outputPath(drv)), "utf8"), "hello\n");
});

story(
  "builtin:fetchurl unpacks what a server has, with the credentials that are asked for",
  async (rig) => {
    const asked: (string | undefined)[] = [];
    const nar = execFileSync("xz", ["-c"], {
      input: Buffer.concat([...dumpChunks(rig.store.realPathOf(rig.shell))]),
    });
    await using server = await serve((request) => {
      asked.push(request.headers.authorization);
      return request.url === "/x.nar.xz" ? nar : undefined;
    });
    const info = (await rig.store.queryPathInfos([rig.shell])).get(rig.shell)!;
    const output = { kind: "fixed", address: info.contentAddress! } as const;
    const env = { urls: `${server.url}/gone ${server.url}/x.nar.xz`, url: "unused", unpack: "1" };
    const drv = await rig.add({
      name: "unpacked",
      builder: "builtin:fetchurl",
      system: "builtin",
      env,
      output,
    });
    const result = await build(rig, drv);
    assert.equal(result.status, "Built", result.errorMessage);
    assert.ok(statSync(`${rig.store.realPathOf(rig.outputPath(drv))}/bin/busybox`).mode & 0o100);
    assert.deepEqual(new Set(asked), new Set(["Basic dXNlcjp3b3Jk"]));
  },
  { settings: { netrc: "machine 127.0.0.1 login user password word" } },
);

story("builtin:unpack-channel takes the one thing in an archive, and nothing outside", async (rig) => {
  mkdirSync(`${rig.dir}/channel-1.0`);
  writeFileSync(`${rig.dir}/channel-1.0/default.nix`, "{}");
  const archive = execFileSync("tar", ["-cJf", "-", "-C", rig.dir, "channel-1.0"]);
  const data = (async function* () {
    yield archive;
  })();
  const src = (
    await rig.store.addContent({
      name: "c.tar.xz",
      method: "flat",
      algorithm: "sha256",
      references: [],
      dump: "flat",
      data,
    })
  ).path;
  const channel = (channelName: string) =>
    rig.add({
      name: "channel",
      builder: "builtin:unpack-channel",
      system: "builtin",
      sources: [src],
      env: { channelName, src: printStorePath(rig.store.storeDir, src) },
    });
  const drv = await channel("mine");
  const result = await build(rig, drv);
  assert.equal(result.status, "Built", result.errorMessage);
  assert.equal(readFileSync(`${rig.store.realPathOf(rig.outputPath(drv))}/mine/default.nix`, "utf8"), "{}");
  assert.match((await build(rig, await channel("../../escaped"))).errorMessage, /filesystem separators/);
});

story("with no jobs nothing is built here", async (rig) => {
  const drv = await rig.add({ name: "idle", script: "echo x > $out" });
  assert.match((await build(rig, drv, { maxJobs: 0 })).errorMessage, /either increase '--max-jobs'/);
  assert.equal((await build(rig, drv)).status, "Built");
  assert.equal((await build(rig, drv, { maxJobs: 0 })).status, "AlreadyValid");
});

test("who asks for two derivations together may have both run at once, where one is usual", {
  skip: withoutSandbox,
}, async () => {
  const dir = mkdtempSync(`${tmpdir()}/elsewhere-both-`);
  try {
    const pipe = `${dir}/pipe`;
    execFileSync("mkfifo", ["-m", "666", pipe]);
    const settings = { maxJobs: 1, timeoutS: 60, sandboxPaths: [pipe] };
    await using rig = await BuildRig.open({ settings });
    // Each waits for the other.
    const drvs = [
      await rig.add({ name: "speaks", script: `echo hello > ${pipe}; echo > $out` }),
      await rig.add({ name: "hears", script: `read x < ${pipe}; echo $x > $out` }),
    ];
    const results = await rig.realiser.buildPaths(
      drvs.map((drvPath) => ({ kind: "built", drvPath, outputs: "*" })),
      {
        mode: "normal",
        settings: { maxJobs: 2 },
        signal: new AbortController().signal,
        log: () => undefined,
      },
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ["Built", "Built"],
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

async function serve(answer: (request: IncomingMessage) => Uint8Array | undefined) {
  const server = createServer((request, response) => {
    const body = answer(request);
    response.writeHead(body ? 200 : 404).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function output(
  rig: BuildRig,
  text: DerivationText,
): Promise<{ result: KeyedBuildResult; text: string }> {
  const drv = await rig.add(text);
  const result = await build(rig, drv);
  assert.equal(result.status, "Built", result.errorMessage);
  return {
    result,
    text: readFileSync(rig.store.realPathOf(result.builtOutputs.get("out")!.outPath), "utf8"),
  };
}

async function build(
  rig: BuildRig,
  drvPath: StorePath,
  settings: BuildSettings = {},
  mode: BuildMode = "normal",
): Promise<KeyedBuildResult> {
  const options = { mode, settings, signal: new AbortController().signal, log: () => undefined };
  const [result] = await rig.realiser.buildPaths([{ kind: "built", drvPath, outputs: "*" }], options);
  return result!;
}

function fixed(hash: string) {
  return { kind: "fixed", address: { method: "nar", hash: parseHash(hash) } } as const;
}

/** Folders of builds, and locks, that are still there. */
function leftovers({ store }: BuildRig): string[] {
  const scratch = readdirSync(store.physicalStoreDir).filter((name) => name.endsWith("-elsewhere-scratch"));
  return [
    ...readdirSync(`${store.stateDir}/builds`).filter((name) =>
      existsSync(`${store.stateDir}/builds/${name}/build`),
    ),
    ...readdirSync(store.physicalStoreDir).filter((name) => name.endsWith(".lock")),
    ...scratch.flatMap((name) => readdirSync(`${store.physicalStoreDir}/${name}`)),
  ];
}

/** A shell's variable that doubles, and then is kept: some 500 MiB, should nobody end it. */
const EATS_MEMORY =
  "x=aaaaaaaaaaaaaaaa; i=0; while test $i -lt 24; do x=$x$x; i=$((i+1)); done; $bb sleep 60";
