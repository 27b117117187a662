import { Buffer } from "node:buffer";
import fc from "fast-check";
import { compareText } from "#base/text.ts";
import { BUILD_STATUSES, type BuildResult } from "#nix/build-result.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import type { BasicDerivation, DerivationOutput } from "#nix/derivation.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { digestSize, HASH_ALGORITHMS, type Hash, type HashAlgorithm } from "#nix/hash.ts";
import type { LogEvent } from "#nix/log-event.ts";
import { NIX32_ALPHABET } from "#nix/nix32.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { Realisation } from "#nix/realisation.ts";
import { parseStorePathBaseName } from "#nix/store-path.ts";

/** Any string that Nix may hold: text, and bytes that are no UTF-8. */
export const anyText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("", "\udcff\udc80", "a".repeat(5000)),
);

export const anyBytes = fc.uint8Array().map((bytes) => Buffer.from(bytes));

export const anySize = fc.oneof(fc.nat(), fc.maxSafeNat());
export const anyName = fc
  .string({ unit: fc.constantFrom(..."abcXYZ019+-_?="), minLength: 1, maxLength: 12 })
  .map((name) => `n${name}`);

const hashPart = fc.string({ unit: fc.constantFrom(...NIX32_ALPHABET), minLength: 32, maxLength: 32 });
export const anyPath = fc
  .tuple(hashPart, anyName)
  .map(([hash, name]) => parseStorePathBaseName(`${hash}-${name}`));
export const anyDrvPath = fc
  .tuple(hashPart, anyName)
  .map(([hash, name]) => parseStorePathBaseName(`${hash}-${name}.drv`));
export const anyPaths = sortedSet(anyPath);
export const anyTexts = sortedSet(anyText);
export const anyNames = sortedSet(anyName);

/** `undefined` as often as not. */
export function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Objects as programs make them. */
export function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** A map in the order of its keys' bytes. */
export function mapOf<K extends string, V>(
  key: fc.Arbitrary<K>,
  value: fc.Arbitrary<V>,
): fc.Arbitrary<Map<K, V>> {
  return fc
    .uniqueArray(fc.tuple(key, value), { selector: ([found]) => found, maxLength: 4 })
    .map((entries) => new Map(entries.sort(([a], [b]) => compareText(a, b))));
}

function sortedSet<T extends string>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.uniqueArray(item, { maxLength: 4 }).map((items) => items.sort(compareText));
}

function hashOf(algorithm: HashAlgorithm): fc.Arbitrary<Hash> {
  const size = digestSize(algorithm);
  return fc
    .uint8Array({ minLength: size, maxLength: size })
    .map((digest) => ({ algorithm, digest: Buffer.from(digest) }));
}

export const anySha256 = hashOf("sha256");
const anyHash = fc.constantFrom(...HASH_ALGORITHMS).chain(hashOf);

export const anyAddress: fc.Arbitrary<ContentAddress> = fc.oneof(
  record({ method: fc.constant("text" as const), hash: anySha256 }),
  record({ method: fc.constantFrom("flat" as const, "nar" as const, "git" as const), hash: anyHash }),
);
export const anyMethodAlgorithm = anyAddress.map(({ method, hash }) => ({
  method,
  algorithm: hash.algorithm,
}));

const unkeyedInfo = {
  deriver: maybe(anyDrvPath),
  narHash: anySha256,
  narSize: anySize,
  references: anyPaths,
  registrationTime: anySize,
  ultimate: fc.boolean(),
  signatures: anyTexts,
  contentAddress: maybe(anyAddress),
};
export const anyUnkeyedInfo: fc.Arbitrary<Omit<PathInfo, "path">> = record(unkeyedInfo);
export const anyInfo: fc.Arbitrary<PathInfo> = record({ path: anyPath, ...unkeyedInfo });

export const anyDerivedPath: fc.Arbitrary<DerivedPath> = fc.oneof(
  record({ kind: fc.constant("opaque" as const), path: anyPath }),
  record({
    kind: fc.constant("built" as const),
    drvPath: anyDrvPath,
    outputs: fc.oneof(
      fc.constant("*" as const),
      anyNames.filter((names) => names.length > 0),
    ),
  }),
);

export const anyDrvOutput = record({ drvHash: anySha256, outputName: anyName });
export const anyRealisation: fc.Arbitrary<Realisation> = record({
  id: anyDrvOutput,
  outPath: anyPath,
  signatures: anyNames,
  dependentRealisations: fc.constant(new Map()),
});

const anyBuiltOutputs = anyDrvOutput.chain(({ drvHash }) =>
  mapOf(anyName, anyRealisation).map(
    (outputs) =>
      new Map(
        [...outputs].map(([outputName, value]) => [outputName, { ...value, id: { drvHash, outputName } }]),
      ),
  ),
);
/** Those that no release of Nix up to 2.34 has a number for. */
const LATER_STATUSES: ReadonlySet<string> = new Set(["HashMismatch", "Cancelled"]);

export const anyBuildResult: fc.Arbitrary<BuildResult> = record({
  // The others travel in other words but between two of ours: test/wire/daemon/build-result.test.ts.
  status: fc.constantFrom(...BUILD_STATUSES.filter((status) => !LATER_STATUSES.has(status))),
  errorMessage: anyText,
  timesBuilt: anySize,
  isNonDeterministic: fc.boolean(),
  startTime: anySize,
  stopTime: anySize,
  cpuUserUs: maybe(anySize),
  cpuSystemUs: maybe(anySize),
  // It travels only between two of ours: test/wire/daemon/build-result.test.ts.
  memoryPeakBytes: fc.constant(undefined),
  builtOutputs: anyBuiltOutputs,
});

const anyOutput: fc.Arbitrary<DerivationOutput> = fc.oneof(
  record({ kind: fc.constant("input-addressed" as const), path: anyPath }),
  record({ kind: fc.constant("fixed" as const), address: anyAddress }),
  fc.constant({ kind: "deferred" as const }),
  anyMethodAlgorithm.map((how) => ({ kind: "floating" as const, ...how })),
  anyMethodAlgorithm.map((how) => ({ kind: "impure" as const, ...how })),
);

/** With the path that its name comes from. */
export const anyTarget = fc
  .record({
    drvPath: anyDrvPath,
    outputs: mapOf(anyName, anyOutput),
    inputSources: anyPaths,
    system: anyText,
    builder: anyText,
    args: fc.array(anyText, { maxLength: 4 }),
    env: mapOf(anyText, anyText),
  })
  .map(({ drvPath, ...rest }) => ({
    drvPath,
    derivation: { name: drvPath.slice(33, -".drv".length), ...rest } satisfies BasicDerivation,
  }));

const anyFields = fc.array(fc.oneof(anyText, anySize), { maxLength: 4 });
const anyId = fc.maxSafeNat();
export const anyLogEvent: fc.Arbitrary<LogEvent> = fc.oneof(
  record({ kind: fc.constant("message" as const), text: anyText }),
  record({
    kind: fc.constant("start" as const),
    id: anyId,
    level: fc.nat(),
    type: fc.nat(),
    text: anyText,
    fields: anyFields,
    parent: anyId,
  }),
  record({ kind: fc.constant("stop" as const), id: anyId }),
  record({ kind: fc.constant("result" as const), id: anyId, type: fc.nat(), fields: anyFields }),
);
