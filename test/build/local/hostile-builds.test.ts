import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { attributesAsShell } from "#build/local/process/structured-attributes.ts";
import type { KeyedBuildResult } from "#nix/build-result.ts";
import { sha256 } from "#nix/hash.ts";
import type { JsonValue } from "#nix/json-value.ts";
import { type LogEvent, RESULT } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import { BuildRig, type DerivationText, type RigOptions, withoutSandbox } from "./build-rig.ts";

const story = (name: string, tell: (rig: BuildRig) => Promise<void>, options: RigOptions = {}) =>
  test(name, { skip: withoutSandbox }, async () => {
    await using rig = await BuildRig.open(options);
    await tell(rig);
  });

story("a variable with a NUL in it tells the sandbox nothing", async (rig) => {
  const outside = `${rig.dir}/outside`;
  mkdirSync(outside);
  const { result } = await build(rig, {
    name: "nul",
    script: `echo x > /outside/written; echo x > $out`,
    env: { a: `x\0--bind\0${outside}\0/outside` },
  });
  assert.notEqual(result.status, "Built");
  assert.equal(existsSync(`${outside}/written`), false);
});

story("a builder that puts a link in the place of its store directory is refused", async (rig) => {
  const outside = `${rig.dir}/outside`;
  mkdirSync(outside);
  const drv = await rig.add({
    name: "moved",
    script: `$bb mv /nix/store /nix/other || exit 1; /nix/other/*-busybox/bin/busybox ln -s ${outside} /nix/store`,
  });
  const victim = `${outside}/${rig.outputPath(drv)}`;
  writeFileSync(victim, "not the builder's");
  chmodSync(victim, 0o640);
  const result = await realise(rig, drv);
  assert.notEqual(result.status, "Built");
  assert.equal(readFileSync(victim, "utf8"), "not the builder's");
  assert.equal(statSync(victim).mode & 0o777, 0o640);
});

story("an output that is a link to the outside stays a link", async (rig) => {
  const outside = `${rig.dir}/secret`;
  writeFileSync(outside, "secret");
  chmodSync(outside, 0o600);
  const { result, place } = await build(rig, { name: "link", script: `$bb ln -s ${outside} $out` });
  assert.equal(result.status, "Built");
  assert.ok(lstatSync(place).isSymbolicLink());
  assert.equal(statSync(outside).mode & 0o777, 0o600);
});

story("what a builder with a network made is a copy that nobody else has open", async (rig) => {
  const contents = "fetched\n";
  const address = { method: "flat", hash: sha256(contents) } as const;
  const { result, place, said } = await build(rig, {
    name: "fetched",
    script: `echo fetched > $out; $bb stat -c 'inode %i' $out >&2`,
    output: { kind: "fixed", address },
  });
  assert.equal(result.status, "Built", result.errorMessage);
  const inode = /inode (\d+)/.exec(said.join("\n"))?.[1];
  assert.ok(inode);
  assert.notEqual(statSync(place).ino, Number(inode));
});

story("a line without an end costs no more memory than a line may", async (rig) => {
  const before = process.memoryUsage().rss;
  const { result } = await build(rig, {
    name: "bomb",
    script: `$bb head -c ${LONG_LINE_BYTES} /dev/zero | $bb tr '\\0' x; echo; echo ok > $out`,
  });
  assert.equal(result.status, "Built");
  assert.ok(process.memoryUsage().rss - before < 0.7 * LONG_LINE_BYTES);
});

/** So long that kept whole it would stand out of what the garbage collector leaves lying. */
const LONG_LINE_BYTES = 200_000_000;

test("attributes say no more in .attrs.sh than their values", { skip: !existsSync("/bin/bash") }, (t) => {
  const folder = mkdtempSync(`${tmpdir()}/elsewhere-attrs-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const told = attributesAsShell(
    new Map<string, JsonValue>([
      ["a; touch pwned", "x"],
      ["b$(touch pwned)", "x"],
      ["text", TRICK],
      ["items", [TRICK, "$(touch pwned)", "`touch pwned`"]],
      ["named", new Map([["$(touch pwned)]=x; touch pwned; y[", TRICK]])],
    ]),
  );
  writeFileSync(`${folder}/.attrs.sh`, told);
  const script = `. ./.attrs.sh; printf '%s|%s' "$text" "$items"`;
  assert.equal(
    execFileSync("/bin/bash", ["-c", script], { cwd: folder, encoding: "utf8" }),
    `${TRICK}|${TRICK}`,
  );
  assert.deepEqual(readdirSync(folder), [".attrs.sh"]);
});

const TRICK = "'; touch pwned; '\n touch pwned";

interface Built {
  readonly result: KeyedBuildResult;
  /** Where its output lies, or would. */
  readonly place: string;
  readonly said: readonly string[];
}

async function build(rig: BuildRig, text: DerivationText): Promise<Built> {
  const drv = await rig.add(text);
  const said: string[] = [];
  const result = await realise(rig, drv, said);
  return { result, place: rig.store.realPathOf(rig.outputPath(drv)), said };
}

async function realise(rig: BuildRig, drvPath: StorePath, said: string[] = []): Promise<KeyedBuildResult> {
  const log = (event: LogEvent) => {
    if (event.kind === "result" && event.type === RESULT.buildLogLine) {
      const line = `${event.fields[0]}`;
      if (line.length < 200) said.push(line);
    }
  };
  const options = { mode: "normal", settings: {}, signal: new AbortController().signal, log } as const;
  const [result] = await rig.realiser.buildPaths([{ kind: "built", drvPath, outputs: "*" }], options);
  return result!;
}
