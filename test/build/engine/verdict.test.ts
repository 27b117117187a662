import assert from "node:assert/strict";
import { test } from "node:test";
import { ElsewhereError } from "#base/errors.ts";
import { judgeError, judgeResult, statusOf, type Verdict } from "#build/engine/verdict/verdict.ts";
import { BARE_RESULT, type BuildStatus } from "#nix/build-result.ts";
import { TransportError } from "#transport/transport-error.ts";

function inShort(verdict: Verdict): string {
  return verdict.kind === "lost" ? verdict.loss : verdict.kind;
}

function judge(errorMessage: string, log: readonly string[] = [], status: BuildStatus = "PermanentFailure") {
  return inShort(judgeResult({ ...BARE_RESULT, status, errorMessage }, log));
}

const FAILED = "builder for '/nix/store/x.drv' failed with exit code 1";

test("the builder's own failure is final", () => {
  assert.equal(judge(FAILED), "failure");
  assert.equal(judge(FAILED, ["main.c:3: error: expected ';'"]), "failure");
  assert.equal(judge("build of '/nix/store/x.drv' timed out after 60 seconds", [], "TimedOut"), "failure");
});

test("want of space is the machine's", () => {
  for (const words of ["No space left on device", "Disk quota exceeded", "database or disk is full"])
    assert.equal(judge(FAILED, [`cp: error writing 'x': ${words}`]), "no-space");
});

test("a build that went beyond its own limit of memory is final, whatever was killed in it", () => {
  const errorMessage = "building derivation '/nix/store/x.drv' used more than 2.0 GiB of memory";
  assert.equal(judge(errorMessage, ["Killed"]), "failure");
  assert.equal(statusOf({ ...BARE_RESULT, status: "PermanentFailure", errorMessage }), "MemoryLimitExceeded");
  const quoted = `${FAILED}\n> it used more than 2.0 GiB of memory`;
  assert.equal(judge(quoted, ["Killed"]), "out-of-memory");
});

test("want of memory is found in the ways in which machines tell it", () => {
  for (const line of [
    "virtual memory exhausted: Cannot allocate memory",
    "c++: fatal error: Killed signal terminated program cc1plus",
    "/nix/store/x-stdenv/setup: line 1764:   612 Killed                  make",
    "(signal: 9, SIGKILL: kill)",
    "make[2]: *** [Makefile:12: all] Killed",
    "Killed",
    "terminate called after throwing an instance of 'std::bad_alloc'",
  ])
    assert.equal(judge(FAILED, [line]), "out-of-memory", line);
  assert.equal(judge("builder for '/nix/store/x.drv' failed due to signal 9 (Killed)"), "out-of-memory");
  assert.equal(judge("builder for '/nix/store/x.drv' failed with exit code 137"), "out-of-memory");
});

test("words that only sound like it, or that stand far from the end, are not taken for it", () => {
  assert.equal(judge(FAILED, ["test_killed ... ok", "Killed by death, track 3"]), "failure");
  assert.equal(judge(FAILED, ["Killed", ...Array.from({ length: 6 }, (_, i) => `line ${i}`)]), "failure");
  assert.equal(judge("builder for '/nix/store/x.drv' failed with exit code 1370"), "failure");
});

test("a build that says in its log that a machine is the wrong one is the build's own failure", () => {
  const quoted =
    "a 'x86_64-linux' with features {kvm} is required to build '/y.drv', but I am a 'x86_64-linux'";
  assert.equal(judge(`${FAILED};\n       last 1 log lines:\n       > error: ${quoted}`), "failure");
});

test("a machine that is not what it was said to be is the wrong one", () => {
  assert.equal(
    judge("a 'x86_64-linux' is required to build '/x.drv', but I am a 'aarch64-linux'"),
    "wrong-machine",
  );
});

test("a line that breaks is a loss, and an answer in good order is not", () => {
  assert.equal(inShort(judgeError(new TransportError("TRANSPORT_LOST", "it is gone"))), "vanished");
  assert.equal(inShort(judgeError(new TransportError("TRANSPORT_TIMEOUT", "no answer"))), "timed-out");
  assert.equal(inShort(judgeError(new ElsewhereError("INPUT_MISSING", "no store has it"))), "inputs-gone");
  for (const code of ["SOURCE_MISSING", "SOURCE_CHANGED"])
    assert.equal(inShort(judgeError(new ElsewhereError(code, "Cannot find 'x' in /folder"))), "failure");
  assert.equal(inShort(judgeError(new ElsewhereError("REMOTE", "error: cannot do that"))), "failure");
  assert.equal(inShort(judgeError(new Error("write: No space left on device"))), "no-space");
  assert.throws(() => judgeError(new TypeError("undefined is not a function")), TypeError);
});
