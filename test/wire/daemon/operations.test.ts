import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  anyAddress,
  anyBuildResult,
  anyBytes,
  anyDerivedPath,
  anyDrvOutput,
  anyDrvPath,
  anyInfo,
  anyLogEvent,
  anyMethodAlgorithm,
  anyName,
  anyPath,
  anyPaths,
  anyRealisation,
  anySha256,
  anySize,
  anyTarget,
  anyText,
  anyTexts,
  anyUnkeyedInfo,
  mapOf,
  maybe,
  record,
} from "#rig/arbitraries.ts";
import { checkRoundTrip } from "#rig/round-trip.ts";
import type { Codec } from "#wire/codec/codec.ts";
import type { ReplyOf, RequestOf } from "#wire/daemon/operation.ts";
import { type OperationKey, operations, operationsByCode } from "#wire/daemon/operations.ts";
import { type ServerFrame, serverFrame } from "#wire/daemon/stderr.ts";
import { DAEMON_MINOR_MAX, DAEMON_MINOR_MIN } from "#wire/daemon/version.ts";

type Values = {
  readonly [K in OperationKey]: {
    readonly request: fc.Arbitrary<RequestOf<(typeof operations)[K]>>;
    readonly reply: fc.Arbitrary<ReplyOf<(typeof operations)[K]>>;
    /** Below it, requests may say what older versions cannot. */
    readonly from?: number;
  };
};

const none = fc.constant(undefined);
const path = record({ path: anyPath });
const paths = record({ paths: anyPaths });
const derivedPaths = fc.array(anyDerivedPath, { maxLength: 4 });
const mode = fc.constantFrom("normal" as const, "repair" as const, "check" as const);
const nameOfPath = anyPath;
const substitutable = {
  deriver: maybe(anyDrvPath),
  references: anyPaths,
  downloadSize: anySize,
  narSize: anySize,
};

const VALUES: Values = {
  isValidPath: { request: path, reply: fc.boolean() },
  queryReferrers: { request: path, reply: anyPaths },
  querySubstitutablePathInfo: { request: path, reply: maybe(record(substitutable)) },
  queryDerivationOutputs: { request: path, reply: anyPaths },
  queryAllValidPaths: { request: none, reply: anyPaths },
  queryPathInfo: { request: path, reply: maybe(anyUnkeyedInfo) },
  queryDerivationOutputNames: { request: path, reply: anyTexts },
  queryPathFromHashPart: { request: record({ hashPart: anyText }), reply: maybe(anyPath) },
  querySubstitutablePathInfos: {
    request: record({ paths: mapOf(anyPath, maybe(anyAddress)) }),
    reply: fc.array(record({ path: anyPath, ...substitutable }), { maxLength: 3 }),
  },
  queryValidPaths: { request: record({ paths: anyPaths, substitute: fc.boolean() }), reply: anyPaths },
  querySubstitutablePaths: { request: paths, reply: anyPaths },
  queryValidDerivers: { request: path, reply: anyPaths },
  narFromPath: { request: path, reply: none },
  queryMissing: {
    request: record({ paths: derivedPaths }),
    reply: record({
      willBuild: anyPaths,
      willSubstitute: anyPaths,
      unknown: anyPaths,
      downloadSize: anySize,
      narSize: anySize,
    }),
  },
  queryDerivationOutputMap: { request: path, reply: mapOf(anyName, maybe(anyPath)) },
  queryRealisation: {
    request: record({ id: anyDrvOutput }),
    reply: fc.array(anyRealisation, { maxLength: 3 }),
  },
  addToStore: {
    request: record({
      name: anyName,
      how: anyMethodAlgorithm,
      references: anyPaths,
      repair: fc.boolean(),
    }),
    reply: record({ path: anyPath, info: anyUnkeyedInfo }),
    from: 25,
  },
  addTextToStore: {
    request: record({ name: anyName, contents: anyBytes, references: anyPaths }),
    reply: anyPath,
  },
  addSignatures: { request: record({ path: anyPath, signatures: anyTexts }), reply: none },
  addToStoreNar: {
    request: record({ info: anyInfo, repair: fc.boolean(), dontCheckSignatures: fc.boolean() }),
    reply: none,
  },
  registerDrvOutput: { request: record({ realisation: anyRealisation }), reply: none },
  addMultipleToStore: {
    request: record({ repair: fc.boolean(), dontCheckSignatures: fc.boolean() }),
    reply: none,
  },
  addBuildLog: { request: record({ drvPath: nameOfPath }), reply: none },
  buildPaths: { request: record({ paths: derivedPaths, mode }), reply: none },
  ensurePath: { request: path, reply: none },
  buildDerivation: { request: record({ target: anyTarget, mode }), reply: anyBuildResult },
  buildPathsWithResults: {
    request: record({ paths: derivedPaths, mode }),
    reply: fc.array(
      fc.tuple(anyDerivedPath, anyBuildResult).map(([of, result]) => ({ path: of, ...result })),
      { maxLength: 3 },
    ),
  },
  addTempRoot: { request: path, reply: none },
  addIndirectRoot: { request: record({ link: anyText }), reply: none },
  syncWithGc: { request: none, reply: none },
  findRoots: {
    request: none,
    reply: fc.array(record({ link: anyText, path: anyPath }), { maxLength: 3 }),
  },
  collectGarbage: {
    request: record({
      action: fc.constantFrom("return-live", "return-dead", "delete-dead", "delete-specific"),
      paths: anyPaths,
      ignoreLiveness: fc.boolean(),
      bytesMax: maybe(anySize),
    }),
    reply: record({ paths: anyTexts, bytesFreed: anySize }),
  },
  optimiseStore: { request: none, reply: none },
  verifyStore: {
    request: record({ checkContents: fc.boolean(), repair: fc.boolean() }),
    reply: fc.boolean(),
  },
  addPermRoot: { request: record({ path: anyPath, link: anyText }), reply: anyText },
  hasSubstitutes: { request: path, reply: fc.boolean() },
  queryPathHash: { request: path, reply: anySha256 },
  queryReferences: { request: path, reply: anyPaths },
  exportPath: { request: path, reply: none },
  queryDeriver: { request: path, reply: maybe(anyPath) },
  importPaths: { request: none, reply: fc.array(anyPath, { maxLength: 3 }) },
  setOptions: {
    request: record({
      keepFailed: fc.boolean(),
      keepGoing: fc.boolean(),
      fallback: fc.boolean(),
      verbosity: anySize,
      maxJobs: anySize,
      maxSilentTimeS: anySize,
      buildLogVerbosity: anySize,
      cores: anySize,
      useSubstitutes: fc.boolean(),
      overrides: mapOf(anyText, anyText),
    }),
    reply: none,
  },
};

const MINORS = Array.from(
  { length: DAEMON_MINOR_MAX - DAEMON_MINOR_MIN + 1 },
  (_, index) => DAEMON_MINOR_MIN + index,
);

for (const key of Object.keys(operations) as OperationKey[]) {
  const { name, request, reply } = operations[key];
  const from = VALUES[key].from ?? DAEMON_MINOR_MIN;
  const minors = MINORS.filter((minor) => minor >= from);
  test(`${name} is read as it was written, at every version`, () => {
    checkRoundTrip(request as Codec<unknown>, VALUES[key].request, minors);
    checkRoundTrip(reply as Codec<unknown>, VALUES[key].reply, minors);
  });
}

const anyFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  anyLogEvent.map((event) => ({ kind: "log" as const, event })),
  fc.constant({ kind: "last" as const }),
  record({
    kind: fc.constant("error" as const),
    failure: record({ message: anyText, level: anySize, traces: fc.array(anyText, { maxLength: 3 }) }),
  }),
  record({ kind: fc.constant("pull" as const), count: anySize }),
  record({ kind: fc.constant("write" as const), bytes: anyBytes }),
);

test("what a server says while it works is read as it was written, at every version", () => {
  checkRoundTrip(serverFrame, anyFrame, MINORS);
});

test("every operation has a number of its own", () => {
  assert.equal(operationsByCode.size, Object.keys(operations).length);
});
