import type { ByteReader, ByteSource } from "#base/byte-reader.ts";
import { narOf } from "#store/nar-stream.ts";

/**
 * The NAR that comes next, which ends where its grammar says: a size that a client claims is not believed,
 * for a wrong one would have us wait for bytes that never come. The caller must consume all of it.
 */
export function narBody(reader: ByteReader): ByteSource {
  return narOf({ nar: (size) => reader.chunks(size), read: (decoding) => reader.read(decoding) }, 0);
}
