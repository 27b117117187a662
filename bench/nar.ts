import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { ByteReader } from "#base/byte-reader.ts";
import { dumpChunks } from "#store/nar/dump-path.ts";
import { fdSource } from "#store/nar/fd-source.ts";
import { hashPath } from "#store/nar/hash-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";

/*
 * Dumping, restoring and hashing beside real Nix, in seconds. Usage:
 *   node bench/nar.ts [COMMAND THAT RUNS NIX ...]
 * The command is put before `nix-store`, `nix-hash`; by default they are taken from PATH.
 */
const ROUNDS = 3;
const runner = process.argv.slice(2);
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : "/tmp", "elsewhere-bench-"));
try {
  makeInputs();
  for (const input of ["one", "many"]) await compare(input);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function makeInputs(): void {
  writeFileSync(join(folder, "one"), Buffer.alloc(1024 ** 3, "elsewhere "));
  for (let d = 0; d < 50; d++) {
    const directory = join(folder, "many", `d${d}`);
    mkdirSync(directory, { recursive: true });
    for (let f = 0; f < 1000; f++) writeFileSync(join(directory, `f${f}`), Buffer.alloc(1024, `${d} ${f} `));
  }
}

async function compare(input: string): Promise<void> {
  const path = join(folder, input);
  const nar = join(folder, `${input}.nar`);
  const out = join(folder, "out");
  await sideBySide(`${input}: dump`, () => dumpTo(path, nar), `nix-store --dump ${path} > ${nar}`);
  await sideBySide(`${input}: hash`, () => hashPath(path), `nix-hash --type sha256 ${path}`);
  const restore = `nix-store --restore ${out} < ${nar}`;
  await sideBySide(`${input}: restore`, () => restoreFrom(nar, out, false), restore);
  await sideBySide(`${input}: restore as a store does`, () => restoreFrom(nar, out, true), restore);
  rmSync(nar);
}

/** The best of several rounds of each, turn about, what either wrote removed in between. */
async function sideBySide(what: string, work: () => Promise<unknown>, line: string): Promise<void> {
  let [ours, theirs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    ours = Math.min(ours, await timed(work));
    clear();
    theirs = Math.min(theirs, nix(line) ?? Number.NaN);
    clear();
  }
  const nixs = Number.isNaN(theirs) ? "" : `  Nix ${theirs.toFixed(2)}  ratio ${(ours / theirs).toFixed(2)}`;
  console.log(`${what.padEnd(32)} ${ours.toFixed(2)}${nixs}`);
}

function clear(): void {
  spawnSync("chmod", ["-R", "u+w", join(folder, "out")], { stdio: "ignore" });
  rmSync(join(folder, "out"), { recursive: true, force: true });
}

async function dumpTo(path: string, nar: string): Promise<void> {
  const fd = openSync(nar, "w");
  for (const chunk of dumpChunks(path, { reuseChunks: true })) writeSync(fd, chunk);
  closeSync(fd);
}

async function restoreFrom(nar: string, out: string, canonical: boolean): Promise<void> {
  const fd = openSync(nar, "r");
  await restorePath(new ByteReader(fdSource(fd)), out, { canonical });
  closeSync(fd);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Seconds of a shell line with real Nix in it, less those of doing nothing there. */
function nix(line: string): number | undefined {
  const seconds = (script: string) => {
    const start = performance.now();
    const { status } = spawnSync([...runner, "sh"][0]!, [...runner, "sh"].slice(1).concat("-c", script));
    return status === 0 ? (performance.now() - start) / 1000 : undefined;
  };
  const found = seconds(line);
  return found === undefined ? undefined : found - (seconds("true") ?? 0);
}
