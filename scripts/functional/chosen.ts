import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./place.ts";

/** The tests that matter in a place: all that touch a store, but for `remote` only those that start a server by themselves. */
export function chosenTests(folder: string, place: Place): string[] {
  const tests = globSync(["*.sh", "ca/*.sh", "dyn-drv/*.sh", "git-hashing/*.sh"], { cwd: folder })
    .filter((name) => isTest(textOf(folder, name)) && !LEFT_OUT.test(name))
    .toSorted();
  return place === "remote" ? tests.filter((name) => startsServers(folder, name)) : tests;
}

/** Parts of tests are read by the tests themselves, which know where all lies. */
function isTest(text: string): boolean {
  return /^(source|\.) (\.\.?\/)?common\.sh$/m.test(text);
}

function startsServers(folder: string, name: string): boolean {
  const text = textOf(folder, name);
  const parts = [...text.matchAll(/^(?:source|\.) (?:\.\/)?([\w-]+\.sh)/gm)]
    .map(([, part]) => part!)
    .filter((part) => part !== "common.sh");
  return STARTS_SERVER.test(text) || parts.some((part) => STARTS_SERVER.test(textOf(folder, part)));
}

function textOf(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

const STARTS_SERVER = /\bssh(-ng)?:|startDaemon|nix-daemon|\bproto\}?:/;

/** What evaluates, formats, edits and completes, or needs a version control system that is none of ours. */
const LEFT_OUT =
  /^((\w|-)+\/common|ca\/repl|bash-profile|case-hack|characterisation-test-infra|completions|compute-levels|config|debugger|derivation-advanced-attributes|describe-stores|eval|experimental-features|extra-sandbox-profile|fetchMercurial|flake.*|fmt|function-trace|hash|hash-convert|help|impure-eval|init|install-darwin|lang|lang-gc|local-store|nix-channel|nix_path|plugins|pure-eval|repl|test-infra|test-libstoreconsumer|user-envs-migration|user-envs-test-case)\.sh$/;
