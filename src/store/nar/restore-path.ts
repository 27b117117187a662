import { setImmediate } from "node:timers/promises";
import { ByteReader, type ByteSource, decodeBytes } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { decodeNar } from "#nix/nar/decode-nar.ts";
import { type ByteTap, tapDecoding } from "./byte-tap.ts";
import { TreeWriter, type TreeWriterOptions } from "./tree-writer.ts";

export interface RestoreOptions extends TreeWriterOptions {
  /** Shown every byte of the NAR on the way: a hash, a reference scanner. */
  readonly tap?: ByteTap;
}

/**
 * Unpacks one NAR to `target`, which must not exist and whose parent must, and returns the NAR's size in
 * bytes. From a reader it takes exactly the NAR; a source must hold nothing else. What was
 * written before an error stays: remove `target` then.
 */
export async function restorePath(
  source: ByteReader | ByteSource,
  target: string,
  options: RestoreOptions = {},
): Promise<number> {
  using tree = new TreeWriter(target, options);
  const decoding = options.tap ? tapDecoding(decodeNar(tree), options.tap) : decodeNar(tree);
  if (source instanceof ByteReader) return await source.read(decoding);
  const reader = new ByteReader(withTurns(source), "the NAR");
  const size = await reader.read(decoding);
  await reader.expectEnd();
  return size;
}

/** The same for a NAR that is in memory, at once. */
export function restoreBytes(nar: Uint8Array, target: string, options: TreeWriterOptions = {}): void {
  using tree = new TreeWriter(target, options);
  const { rest } = decodeBytes(decodeNar(tree), nar, "the NAR");
  if (rest.length > 0)
    throw new ElsewhereError("TRAILING_BYTES", "Cannot accept the NAR: bytes follow its end");
}

/** Gives the event loop a turn now and then, for sources that never wait. */
async function* withTurns(source: ByteSource): ByteSource & AsyncGenerator<Uint8Array> {
  let budget = BYTES_PER_TURN;
  for await (const chunk of source) {
    yield chunk;
    budget -= chunk.length;
    if (budget > 0) continue;
    budget = BYTES_PER_TURN;
    await setImmediate();
  }
}

const BYTES_PER_TURN = 8 * 1024 * 1024;
