import assert from "node:assert/strict";
import { test } from "node:test";
import { FlowWindow } from "#store/flow/flow-window.ts";

const KIB = 1024;

test("a peer on this machine is kept busy by a quarter of a mebibyte", () => {
  assert.equal(mostUnderWay({ roundTripMs: 0, bytesPerMs: 20 * KIB }), 256 * KIB);
});

test("a peer far away is sent what it can take in one round trip", () => {
  const most = mostUnderWay({ roundTripMs: 100, bytesPerMs: 20 * KIB });
  assert.ok(most >= 2000 * KIB, `${most / KIB} KiB`);
});

test("a slow peer far away is not sent more than it takes", () => {
  const most = mostUnderWay({ roundTripMs: 100, bytesPerMs: 2 * KIB });
  assert.ok(most <= 1024 * KIB, `${most / KIB} KiB`);
});

test("no peer is sent more than eight mebibytes at a time", () => {
  assert.equal(mostUnderWay({ roundTripMs: 2000, bytesPerMs: 100 * KIB }), 8 * 1024 * KIB);
});

test("what is larger than all that is allowed goes, and one more beside it", () => {
  const window = new FlowWindow(() => 0);
  window.sent(1024 * 1024 * KIB);
  assert.equal(window.isFull, false);
  window.sent(1);
  assert.equal(window.isFull, true);
  window.answered();
  assert.equal(window.isFull, false);
});

/** Sends 64 MiB in pieces of 4 KiB to a peer that takes one after the other, in simulated time. */
function mostUnderWay({ roundTripMs, bytesPerMs }: { roundTripMs: number; bytesPerMs: number }): number {
  let nowMs = 0;
  let busyUntilMs = 0;
  let underWay = 0;
  let most = 0;
  const answersMs: number[] = [];
  const window = new FlowWindow(() => nowMs);
  for (let sent = 0; sent < 16 * KIB; sent++) {
    while (window.isFull) {
      nowMs = Math.max(nowMs, answersMs.shift()!);
      window.answered();
      underWay -= PIECE_BYTES;
    }
    busyUntilMs = Math.max(busyUntilMs, nowMs + roundTripMs / 2) + PIECE_BYTES / bytesPerMs;
    answersMs.push(busyUntilMs + roundTripMs / 2);
    window.sent(PIECE_BYTES);
    underWay += PIECE_BYTES;
    most = Math.max(most, underWay);
  }
  return most;
}

const PIECE_BYTES = 4 * KIB;
