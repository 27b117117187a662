// Runs the tests: `npm test [-- FILE…]`, and with --interop the matrix against real Nix.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { INTEROP_PARTS, installSystemParts } from "./system-packages.ts";

const wanted = process.argv.slice(2);
const interop = wanted[0] === "--interop";
if (interop) wanted.shift();

installSystemParts();
if (interop) installSystemParts(INTEROP_PARTS);

const pattern = interop ? "test/interop/**/*.test.ts" : "test/**/*.test.ts";
const files =
  wanted.length > 0
    ? wanted
    : globSync(pattern).filter((file) => interop || !file.startsWith("test/interop/"));
const run = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${interop ? 1 : 2}`,
    `--test-timeout=${testTimeoutMs()}`,
    ...files.toSorted(),
  ],
  { stdio: "inherit" },
);
process.exitCode = run.status ?? 1;

/** Longest that one test file may take, in milliseconds: far above any, so that a hang ends the run with its name. */
function testTimeoutMs(): number {
  return 10 * 60 * 1000;
}
