import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  anyBuildResult,
  anyDerivedPath,
  anyDrvPath,
  anyInfo,
  anyPath,
  anyPaths,
  anySize,
  anyTarget,
  anyText,
  maybe,
  record,
} from "#rig/arbitraries.ts";
import { checkRoundTrip } from "#rig/round-trip.ts";
import type { Codec } from "#wire/codec/codec.ts";
import type { Command } from "#wire/serve/command.ts";
import { commands, commandsByCode } from "#wire/serve/commands.ts";
import { exportTrailer } from "#wire/serve/export-stream.ts";
import { SERVE_MINOR_MAX, SERVE_MINOR_MIN } from "#wire/serve/version.ts";
import { ZERO_SHA256 } from "#wire/values/hash.ts";

type Values = {
  readonly [K in keyof typeof commands]: (typeof commands)[K] extends Command<infer Request, infer Reply>
    ? { readonly request: fc.Arbitrary<Request>; readonly reply: fc.Arbitrary<Reply> }
    : never;
};

const none = fc.constant(undefined);
const options = record({
  maxSilentTimeS: anySize,
  timeoutS: anySize,
  maxLogSizeBytes: anySize,
  repeats: anySize,
  enforceDeterminism: fc.boolean(),
  keepFailed: fc.boolean(),
});

/** As 2.8 can say it: without CPU times, and without the hashes of derivations. */
const servedResult = anyBuildResult.map(
  ({ cpuUserUs: _, cpuSystemUs: __, memoryPeakBytes: ___, builtOutputs, ...result }) => ({
    ...result,
    builtOutputs: new Map(
      [...builtOutputs].map(([name, output]) => [
        name,
        { ...output, id: { drvHash: ZERO_SHA256, outputName: name } },
      ]),
    ),
  }),
);
const servedInfo = anyInfo.map((info) => ({ ...info, registrationTime: 0, ultimate: false }));
const servedPath = anyDerivedPath.filter((path) => path.kind === "opaque" || path.outputs !== "*");

const VALUES: Values = {
  queryValidPaths: {
    request: record({ lock: fc.boolean(), substitute: fc.boolean(), paths: anyPaths }),
    reply: anyPaths,
  },
  queryPathInfos: { request: record({ paths: anyPaths }), reply: fc.array(servedInfo, { maxLength: 3 }) },
  dumpStorePath: { request: record({ path: anyPath }), reply: none },
  importPaths: { request: none, reply: none },
  exportPaths: { request: record({ paths: anyPaths }), reply: none },
  buildPaths: {
    request: record({ paths: fc.array(servedPath, { maxLength: 3 }), options }),
    reply: fc.oneof(
      fc.constant({ exitStatus: 0, message: "" }),
      record({ exitStatus: fc.integer({ min: 1, max: 255 }), message: anyText }),
    ),
  },
  queryClosure: { request: record({ includeOutputs: fc.boolean(), paths: anyPaths }), reply: anyPaths },
  buildDerivation: { request: record({ target: anyTarget, options }), reply: servedResult },
  addToStoreNar: { request: record({ info: anyInfo }), reply: fc.boolean() },
};

const MINORS = Array.from(
  { length: SERVE_MINOR_MAX - SERVE_MINOR_MIN + 1 },
  (_, index) => SERVE_MINOR_MIN + index,
);

for (const key of Object.keys(commands) as (keyof typeof commands)[]) {
  const { name, request, reply } = commands[key];
  test(`${name} is read as it was written, at every version`, () => {
    checkRoundTrip(request as Codec<unknown>, VALUES[key].request as fc.Arbitrary<unknown>, MINORS);
    checkRoundTrip(reply as Codec<unknown>, VALUES[key].reply as fc.Arbitrary<unknown>, MINORS);
  });
}

test("what an export stream says of a path is read as it was written", () => {
  checkRoundTrip(
    exportTrailer,
    record({ path: anyPath, references: anyPaths, deriver: maybe(anyDrvPath) }),
    MINORS,
  );
});

test("every command has a number of its own", () => {
  assert.equal(commandsByCode.size, Object.keys(commands).length);
});
