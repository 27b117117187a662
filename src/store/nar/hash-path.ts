import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Hash } from "#nix/hash.ts";
import { type DumpOptions, dumpChunks } from "./dump-path.ts";

/** SHA-256 and size in bytes of the NAR of what lies at `path`. */
export async function hashPath(
  path: string,
  options: DumpOptions = {},
): Promise<{ hash: Hash; size: number }> {
  const hasher = createHash("sha256");
  let size = 0;
  let turn = BYTES_PER_TURN;
  for (const chunk of dumpChunks(path, { ...options, reuseChunks: true })) {
    hasher.update(chunk);
    size += chunk.length;
    if (size < turn) continue;
    turn = size + BYTES_PER_TURN;
    await setImmediate();
  }
  return { hash: { algorithm: "sha256", digest: hasher.digest() }, size };
}

const BYTES_PER_TURN = 8 * 1024 * 1024;
