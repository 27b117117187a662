import { Buffer } from "node:buffer";
import type { Clock } from "#base/clock.ts";
import { ElsewhereError } from "#base/errors.ts";
import { type BuildResult, isSuccess } from "#nix/build-result.ts";
import { hashEquals, sha256 } from "#nix/hash.ts";
import { fileInNar } from "#nix/nar/file-in-nar.ts";
import type { PathInfo } from "#nix/path-info.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";
import type { ConnectedSite } from "../engine/site/site.ts";
import { type CarriedPath, makeProbeDerivation, type ProbeDerivation } from "./probe-derivation.ts";
import { type ProbeReport, parseProbeReport } from "./probe-report.ts";

export interface ProbeRequest {
  readonly system: string;
  readonly features: readonly string[];
  /** A word that no probe had before. */
  readonly nonce: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where the output shall come home to; absent, its contents are only read and checked. */
  readonly home?: Store;
}

/** How a probe went. Times are this machine's, in ms. */
export type ProbeOutcome =
  | {
      readonly kind: "built";
      readonly report: ProbeReport;
      /** The output, as the builder's store knows it, with the builder's signatures. */
      readonly info: PathInfo;
      /** From the first byte sent to the output's last. */
      readonly durationMs: number;
      /** When the builder's clock says that the build began (whole seconds, in ms); undefined where it did not say. */
      readonly builderSaysMs: number | undefined;
      /** The two times of this machine's between which that was. */
      readonly betweenMs: readonly [number, number];
    }
  /** The builder answered, and did not build. */
  | { readonly kind: "failed"; readonly status: BuildResult["status"]; readonly message: string };

/**
 * Really builds a small derivation of its own on a builder and takes its output home. What the builder refuses
 * is an outcome; what breaks on the way is thrown.
 */
export async function probe(site: ConnectedSite, request: ProbeRequest): Promise<ProbeOutcome> {
  const { store } = site;
  const { clock, home } = request;
  const made = makeProbeDerivation({ storeDir: store.storeDir, ...request });
  const startedMs = clock.now();
  const byPath = site.trusted === false;
  await send(store, byPath ? [...made.sources, made.drvFile] : made.sources);
  const askedMs = clock.now();
  const result = await build(site, made, { ...request, byPath });
  const builtMs = clock.now();
  if (!isSuccess(result)) return { kind: "failed", status: result.status, message: result.errorMessage };
  const { info, nar } = await fetchOutput(store, made.output);
  const report = parseProbeReport(fileInNar(nar) ?? Buffer.alloc(0));
  if (report.nonce !== request.nonce) throw outputFault("it is another build's");
  if (home) await home.addPaths(incoming([{ info, nar }]), { checkSignatures: false, paths: [info.path] });
  return {
    kind: "built",
    report,
    info,
    durationMs: clock.now() - startedMs,
    builderSaysMs: result.startTime > 0 ? result.startTime * 1000 : undefined,
    betweenMs: [askedMs, builtMs],
  };
}

/** Only what is missing: Nix before 2.9 loses its place in a stream with a path that it has. */
async function send(store: Store, paths: readonly CarriedPath[]): Promise<void> {
  const valid = await store.queryValidPaths(paths.map(({ info }) => info.path));
  const missing = paths.filter(({ info }) => !valid.has(info.path));
  if (missing.length > 0)
    await store.addPaths(incoming(missing), { paths: missing.map(({ info }) => info.path) });
}

async function build(
  { realiser }: ConnectedSite,
  { drvPath, derivation }: ProbeDerivation,
  { byPath, signal }: ProbeRequest & { byPath: boolean },
): Promise<BuildResult> {
  const options = {
    mode: "normal",
    settings: { timeoutS: TIMEOUT_S, useSubstitutes: false },
    signal,
    log: () => undefined,
  } as const;
  // Who is not trusted may only name a derivation that the builder can read for itself.
  if (!byPath) return await realiser.buildDerivation(drvPath, derivation, options);
  const [result] = await realiser.buildPaths([{ kind: "built", drvPath, outputs: ["out"] }], options);
  return result!;
}

async function fetchOutput(store: Store, output: StorePath): Promise<CarriedPath> {
  const info = (await store.queryPathInfos([output])).get(output);
  if (!info) throw outputFault("the builder does not have it");
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of store.narFromPath(output)) {
    size += chunk.length;
    if (size <= NAR_BYTES_MAX) chunks.push(Buffer.from(chunk));
  }
  const nar = Buffer.concat(chunks);
  if (!hashEquals(sha256(nar), info.narHash)) throw outputFault("it is not what its hash says");
  return { info, nar };
}

function outputFault(why: string): ElsewhereError {
  return new ElsewhereError("PROBE", `Cannot take the probe's output: ${why}`);
}

async function* incoming(paths: readonly CarriedPath[]): AsyncGenerator<IncomingPath> {
  for (const { info, nar } of paths) yield { info, nar: once(nar) };
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

/** Longest that a probe may build, in seconds. */
const TIMEOUT_S = 60;
/** Far above what a probe writes, in bytes. */
const NAR_BYTES_MAX = 16 * 1024;
