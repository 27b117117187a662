import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BuildResult, KeyedBuildResult } from "#nix/build-result.ts";
import { isSuccess } from "#nix/build-result.ts";
import type { ContentAddress } from "#nix/content-address.ts";
import type { DerivedPath } from "#nix/derived-path.ts";
import { formatHash } from "#nix/hash.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { formatDrvOutput, formatRealisation } from "#nix/realisation-text.ts";
import { DEFAULT_STORE_DIR } from "#nix/store-path.ts";
import { sharedDir, withoutShared } from "#rig/shared.ts";
import { assertSameBytes, Tape } from "#rig/tape.ts";
import { type Codec, encodeToBuffer, type WireContext } from "#wire/codec/codec.ts";
import { list } from "#wire/codec/collections.ts";
import { text } from "#wire/codec/primitives.ts";
import { buildMode } from "#wire/daemon/build-operations.ts";
import { buildResult, keyedBuildResult } from "#wire/daemon/build-result.ts";
import { serverWelcome, trust } from "#wire/daemon/handshake.ts";
import { REALISATION_WITH_PATH } from "#wire/daemon/version.ts";
import { serveBuildOptions } from "#wire/serve/build-options.ts";
import { serveBuildResult } from "#wire/serve/build-result.ts";
import { serveUnkeyedPathInfo } from "#wire/serve/path-info.ts";
import { contentAddress, optionalContentAddress } from "#wire/values/content-address.ts";
import { derivedPath } from "#wire/values/derived-path.ts";
import { pathInfo, unkeyedPathInfo } from "#wire/values/path-info.ts";
import {
  buildTraceEntry,
  buildTraceKey,
  drvOutput,
  realisation,
  unkeyedRealisation,
} from "#wire/values/realisation.ts";
import { optionalStorePath, storePath } from "#wire/values/store-path.ts";
import { textSet } from "#wire/values/text-set.ts";

type Json = unknown;
type ToJson = (value: never) => Json;

interface Golden {
  /** One codec for all values of the file, or one for each. */
  readonly codec: Codec<unknown> | readonly Codec<unknown>[];
  /** The minor version at which the file was written. */
  readonly minor: number;
  readonly feature?: string;
  readonly toJson?: ToJson;
  /** Instead of the JSON beside the file, where there is none. */
  readonly json?: Json;
  /** Why we write something else for the same value. */
  readonly readOnly?: string;
}

const same = (value: Json) => value;
const orNull = (value: Json) => value ?? null;

function addressJson(value: ContentAddress | undefined): Json {
  return value ? { hash: formatHash(value.hash, "sri"), method: value.method } : null;
}

function signaturesJson(signatures: readonly string[]): Json {
  return signatures.map((signature) => {
    const cut = signature.indexOf(":");
    return { keyName: signature.slice(0, cut), sig: signature.slice(cut + 1) };
  });
}

function infoJson({ path, ...info }: PathInfo): Json {
  return {
    ca: addressJson(info.contentAddress),
    deriver: info.deriver ?? null,
    narHash: formatHash(info.narHash, "sri"),
    narSize: info.narSize,
    ...(path ? { path } : {}),
    references: info.references,
    registrationTime: info.registrationTime || null,
    signatures: signaturesJson(info.signatures),
    storeDir: "/nix/store",
    ultimate: info.ultimate,
    version: 3,
  };
}

function derivedPathJson(path: DerivedPath): Json {
  if (path.kind === "opaque") return path.path;
  return { drvPath: path.drvPath, outputs: path.outputs === "*" ? ["*"] : path.outputs };
}

const resultJson = (outputJson: ToJson) => (result: BuildResult) => ({
  startTime: result.startTime,
  status: result.status,
  stopTime: result.stopTime,
  success: isSuccess(result),
  timesBuilt: result.timesBuilt,
  ...(result.cpuUserUs === undefined ? {} : { cpuUser: result.cpuUserUs }),
  ...(result.cpuSystemUs === undefined ? {} : { cpuSystem: result.cpuSystemUs }),
  ...(isSuccess(result)
    ? {
        builtOutputs: Object.fromEntries(
          [...result.builtOutputs].map(([name, output]) => [name, outputJson(output as never)]),
        ),
      }
    : { errorMsg: result.errorMessage, isNonDeterministic: result.isNonDeterministic }),
});

const realisationJson = (value: Parameters<typeof formatRealisation>[0]) => ({
  ...JSON.parse(formatRealisation(value)),
  signatures: signaturesJson(value.signatures),
});
const plainRealisationJson = (value: Parameters<typeof formatRealisation>[0]) =>
  JSON.parse(formatRealisation(value));
const unkeyedRealisationJson = ({ outPath, signatures }: { outPath: string; signatures: string[] }) => ({
  outPath,
  signatures: signaturesJson(signatures),
});
const keyedJson = ({ path, ...result }: KeyedBuildResult) => ({
  ...resultJson(realisationJson)(result),
  path: derivedPathJson(path),
});

const STRUCTURED = "it has structured signatures, which older releases cannot read";
const NO_DEPENDENTS = "it leaves out dependentRealisations, which older releases want";
const texts: Golden = { codec: text, minor: 34, toJson: same };

/** The same in every protocol. */
const EVERYWHERE: Record<string, Golden> = {
  string: texts,
  "store-path": { codec: storePath, minor: 34, toJson: same },
  "optional-store-path": { codec: optionalStorePath, minor: 34, toJson: orNull },
  "content-address": { codec: contentAddress, minor: 34, toJson: addressJson },
  "optional-content-address": { codec: optionalContentAddress, minor: 34, toJson: addressJson },
  "drv-output": { codec: drvOutput, minor: 34, toJson: formatDrvOutput },
  realisation: { codec: realisation, minor: 34, toJson: realisationJson, readOnly: STRUCTURED },
  "realisation-with-deps": { codec: realisation, minor: 34, toJson: plainRealisationJson },
  vector: { codec: [list(text), list(text), list(text), list(list(text))], minor: 34, toJson: same },
  set: { codec: [textSet, textSet, textSet, list(textSet)], minor: 34, toJson: same },
};

const BY_NAME = { minor: 38, feature: REALISATION_WITH_PATH };
const traceJson = ({ id, value }: { id: Json; value: never }) => ({
  key: id,
  value: unkeyedRealisationJson(value),
});

const WORKER: Record<string, Golden> = {
  "build-mode": {
    codec: buildMode,
    minor: 34,
    toJson: (mode: string) => ["normal", "repair", "check"].indexOf(mode),
  },
  "optional-trusted-flag": { codec: trust, minor: 35, toJson: orNull },
  "derived-path-1.29": { codec: derivedPath, minor: 29, toJson: derivedPathJson },
  "derived-path-1.30": { codec: derivedPath, minor: 30, toJson: derivedPathJson },
  "unkeyed-valid-path-info-1.15": { codec: unkeyedPathInfo, minor: 15, toJson: infoJson },
  "valid-path-info-1.15": { codec: pathInfo, minor: 15, toJson: infoJson },
  "valid-path-info-1.16": { codec: pathInfo, minor: 16, toJson: infoJson },
  "build-result-1.27": { codec: buildResult, minor: 27, toJson: resultJson(realisationJson) },
  "build-result-1.28": { codec: buildResult, minor: 28, toJson: resultJson(realisationJson) },
  "build-result-1.29": { codec: buildResult, minor: 29, toJson: resultJson(realisationJson) },
  "build-result-1.29-compat": {
    codec: buildResult,
    minor: 29,
    toJson: resultJson(unkeyedRealisationJson),
    readOnly: NO_DEPENDENTS,
  },
  "build-result-1.37": { codec: buildResult, minor: 37, toJson: resultJson(realisationJson) },
  "build-result-realisation-with-path-not-hash": {
    ...BY_NAME,
    codec: buildResult,
    toJson: resultJson(unkeyedRealisationJson),
  },
  "keyed-build-result-1.29": { codec: keyedBuildResult, minor: 29, toJson: keyedJson },
  "drv-output-realisation-with-path-not-hash": { ...BY_NAME, codec: buildTraceKey, toJson: same },
  "unkeyed-realisation-realisation-with-path-not-hash": {
    ...BY_NAME,
    codec: unkeyedRealisation,
    toJson: unkeyedRealisationJson,
  },
  "realisation-realisation-with-path-not-hash": { ...BY_NAME, codec: buildTraceEntry, toJson: traceJson },
  "client-handshake-info_1_30": {
    codec: serverWelcome,
    minor: 30,
    json: [{ nixVersion: undefined, trusted: undefined }],
  },
  "client-handshake-info_1_33": {
    codec: serverWelcome,
    minor: 33,
    json: [
      { nixVersion: "foo", trusted: undefined },
      { nixVersion: "bar", trusted: undefined },
    ],
  },
  "client-handshake-info_1_35": {
    codec: serverWelcome,
    minor: 35,
    json: [
      { nixVersion: "foo", trusted: false },
      { nixVersion: "bar", trusted: true },
    ],
  },
};

const FULL_OPTIONS = {
  maxSilentTimeS: 5,
  timeoutS: 6,
  maxLogSizeBytes: 7,
  repeats: 8,
  enforceDeterminism: true,
  keepFailed: false,
};
const SERVE: Record<string, Golden> = {
  "build-options-2.1": {
    codec: serveBuildOptions,
    minor: 1,
    json: [{ ...FULL_OPTIONS, maxLogSizeBytes: 0, repeats: 0, enforceDeterminism: false }],
  },
  "build-options-2.2": {
    codec: serveBuildOptions,
    minor: 2,
    json: [{ ...FULL_OPTIONS, repeats: 0, enforceDeterminism: false }],
  },
  "build-options-2.3": { codec: serveBuildOptions, minor: 3, json: [FULL_OPTIONS] },
  "build-options-2.7": {
    codec: serveBuildOptions,
    minor: 7,
    json: [{ ...FULL_OPTIONS, enforceDeterminism: false, keepFailed: true }],
  },
  "build-result-2.2": { codec: serveBuildResult, minor: 2, toJson: resultJson(realisationJson) },
  "build-result-2.3": { codec: serveBuildResult, minor: 3, toJson: resultJson(realisationJson) },
  "build-result-2.6": { codec: serveBuildResult, minor: 6, toJson: resultJson(realisationJson) },
  "build-result-2.7-compat": {
    codec: serveBuildResult,
    minor: 7,
    toJson: resultJson(unkeyedRealisationJson),
    readOnly: NO_DEPENDENTS,
  },
  "build-result-2.8": { codec: serveBuildResult, minor: 8, toJson: resultJson(unkeyedRealisationJson) },
  "drv-output-2.8": { codec: buildTraceKey, minor: 8, toJson: same },
  "unkeyed-realisation-2.8": { codec: unkeyedRealisation, minor: 8, toJson: unkeyedRealisationJson },
  "realisation-2.8": { codec: buildTraceEntry, minor: 8, toJson: traceJson },
  "unkeyed-valid-path-info-2.3": { codec: serveUnkeyedPathInfo, minor: 3, toJson: infoJson },
  "unkeyed-valid-path-info-2.4": { codec: serveUnkeyedPathInfo, minor: 4, toJson: infoJson },
};

const FOLDERS: Record<string, Record<string, Golden>> = {
  "common-protocol": EVERYWHERE,
  "worker-protocol": { ...EVERYWHERE, ...WORKER },
  "serve-protocol": { ...EVERYWHERE, ...SERVE },
};

for (const [folder, files] of Object.entries(FOLDERS))
  for (const [name, golden] of Object.entries(files))
    test(
      `${folder}/${name} means what its JSON says${golden.readOnly ? "" : ", and is written alike"}`,
      {
        skip: withoutShared,
      },
      () => checkGolden(`libstore/${folder}/${name}`, golden),
    );

/** What releases wrote otherwise. Their JSON, where there is one, is of the newest release. */
const BY_RELEASE: Record<string, Golden> = {
  "2.26.3/libstore/common-protocol/realisation": { codec: realisation, minor: 34 },
  "2.26.3/libstore/worker-protocol/realisation": { codec: realisation, minor: 34 },
  "2.26.3/libstore/serve-protocol/realisation": { codec: realisation, minor: 34 },
  "2.26.3/libstore/worker-protocol/valid-path-info-1.16": { codec: pathInfo, minor: 16 },
  "2.26.3/libstore/serve-protocol/unkeyed-valid-path-info-2.4": { codec: serveUnkeyedPathInfo, minor: 4 },
  "2.34.8/libstore/common-protocol/realisation": {
    codec: realisation,
    minor: 34,
    toJson: plainRealisationJson,
  },
  "2.34.8/libstore/worker-protocol/realisation": { codec: realisation, minor: 34 },
  "2.34.8/libstore/serve-protocol/realisation": { codec: realisation, minor: 34 },
};

for (const [name, golden] of Object.entries(BY_RELEASE))
  test(`by-release/${name} is read, and written alike`, { skip: withoutShared }, () =>
    checkGolden(`by-release/${name}`, golden),
  );

function checkGolden(name: string, golden: Golden): void {
  const path = join(sharedDir!, "vectors/golden", name);
  const bytes = readFileSync(`${path}.bin`);
  const features = new Set(golden.feature ? [golden.feature] : []);
  const ctx: WireContext = { version: golden.minor, features, storeDir: DEFAULT_STORE_DIR };
  const { values, codecs } = decodeTuple(bytes, golden, ctx);
  if (golden.json) assert.deepEqual(values, golden.json);
  else if (golden.toJson) {
    const json = JSON.parse(readFileSync(`${path}.json`, "utf8"));
    assert.deepEqual(
      values.map((value) => golden.toJson!(value as never)),
      Array.isArray(json) ? json : [json],
    );
  }
  assert.ok(values.length > 0);
  const written = Buffer.concat(values.map((value, index) => encodeToBuffer(codecs[index]!, value, ctx)));
  if (golden.readOnly) assert.notDeepEqual(written, bytes, "then it may as well be compared");
  else assertSameBytes(written, bytes);
}

function decodeTuple(bytes: Buffer, { codec }: Golden, ctx: WireContext) {
  const tape = new Tape(bytes);
  const values: unknown[] = [];
  const codecs: Codec<unknown>[] = [];
  do {
    const next = "decode" in codec ? codec : codec[values.length]!;
    codecs.push(next);
    values.push(tape.message(next, ctx, { canonical: false }));
  } while (!tape.isAtEnd);
  return { values, codecs };
}
