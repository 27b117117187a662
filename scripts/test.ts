// Runs the tests: all of them, or those that are named; with --interop the matrix against real Nix, whose roots it makes.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { NIX_SUITES } from "#rig/nix-root.ts";
import { bringEmulator } from "./emulator.ts";
import { INTEROP_PARTS, installSystemParts, TEST_PARTS } from "./system-packages.ts";

/** Longest that one test file may take, in milliseconds: far above any, so that a hang ends the run with its name. */
const TEST_TIMEOUT_MS = 15 * 60 * 1000;

const wanted = process.argv.slice(2);
const interop = wanted[0] === "--interop";
if (interop) wanted.shift();

installSystemParts();
installSystemParts(TEST_PARTS);
bringEmulator();
if (interop) makeNixRoots();

const files =
  wanted.length > 0 ? wanted : globSync(interop ? "test/interop/**/*.test.ts" : "test/**/*.test.ts");
const run = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-reporter=spec",
    "--test-concurrency=2",
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...files.toSorted(),
  ],
  { stdio: "inherit" },
);
process.exitCode = run.status ?? 1;

/** Tests against real Nix are skipped with the reason where its roots cannot be made. */
function makeNixRoots(): void {
  if (process.getuid?.() !== 0) return;
  installSystemParts(INTEROP_PARTS);
  for (const suite of NIX_SUITES) {
    console.error(`set-up: real Nix from ${suite}`);
    spawnSync(join(import.meta.dirname, "nix-root"), ["make", suite], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}
