import type { Readable, Writable } from "node:stream";
import { systemClock } from "#base/clock.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { ReadAhead } from "#serve/read-ahead.ts";
import { type CopyOptions, copyPaths } from "#store/copy.ts";
import { linesOf } from "#store/lines-of.ts";
import type { Store } from "#store/store.ts";
import { storePathOf } from "./path-arguments.ts";

export interface RequestedCopies {
  readonly from: Store;
  readonly to: Store;
  readonly options: CopyOptions;
  /** A line of JSON a request: a list of store paths, each after what it refers to. */
  readonly input: Readable;
  /** Takes a line of JSON for each: `{"sent": […]}` or `{"error": "…", "code": "…"}`. */
  readonly output: Writable;
  /** Whether whoever asked, having ended the input, still waits for answers. */
  readonly stillListens: () => boolean;
}

/** Copies what is asked for, one request after the other, until nobody asks any more. When nobody listens either, a copy under way stops. */
export async function copyRequests(requested: RequestedCopies): Promise<void> {
  const { from, to, options, output } = requested;
  const input = new ReadAhead(requested.input);
  const hungUp = new AbortController();
  const hangUp = () => hungUp.abort(new Error("the client hung up"));
  void input.ended.then(() => whenNobodyListens(requested.stillListens, hungUp.signal)).then(hangUp);
  // Elsewhere the end of whoever reads ends the process; here two stores are still to be closed.
  output.removeAllListeners("error").on("error", hangUp);
  const signals = [hungUp.signal, options.signal].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  for await (const line of linesOf(input)) {
    const answer = await copyRequest(line, { from, to }, { ...options, signal }).catch(faultOf);
    if (signal.aborted) break;
    output.write(`${JSON.stringify(answer)}\n`);
  }
  hangUp();
  options.signal?.throwIfAborted();
}

async function whenNobodyListens(stillListens: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && stillListens())
    await systemClock.sleep(LISTENING_CHECK_MS, signal).catch(() => undefined);
}

async function copyRequest(
  line: string,
  { from, to }: Pick<RequestedCopies, "from" | "to">,
  options: CopyOptions,
): Promise<{ readonly sent: readonly string[] }> {
  const paths = parseRequest(line).map((text) => storePathOf(text, from));
  const infos = await from.queryPathInfos(paths);
  const known = paths.map((path) => infoOf(infos.get(path), path));
  const sent = await copyPaths(from, to, known, options);
  return { sent: sent.map(({ path }) => `${to.storeDir}/${path}`) };
}

function parseRequest(line: string): readonly string[] {
  const asked: unknown = JSON.parse(line);
  if (Array.isArray(asked) && asked.every((text) => typeof text === "string")) return asked;
  throw new ElsewhereError("MALFORMED", "Cannot copy what is asked for: want a JSON list of store paths");
}

function infoOf(info: PathInfo | undefined, path: string): PathInfo {
  if (info) return info;
  throw new ElsewhereError("INVALID_PATH", `Cannot copy '${path}': the store does not have it`);
}

function faultOf(error: unknown): { readonly error: string; readonly code: string } {
  return { error: messageOf(error), code: error instanceof ElsewhereError ? error.code : "FAILED" };
}

/** How often whoever has asked for everything is looked after, in milliseconds. */
const LISTENING_CHECK_MS = 200;
