import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createZstdCompress } from "node:zlib";
import type { LogFiles } from "./log-file.ts";

/** Gives a log that is complete its lasting form. At every moment one of its forms is whole. */
export async function putAway({ growing, plain, packed }: LogFiles): Promise<void> {
  if (statSync(growing).size <= PLAIN_BYTES_MAX) return renameSync(growing, plain);
  const temporary = `${packed}.tmp`;
  await pipeline(createReadStream(growing), createZstdCompress(), createWriteStream(temporary));
  renameSync(temporary, packed);
  rmSync(growing);
}

/** Up to this many bytes a log takes one block of the disk, packed or not. */
const PLAIN_BYTES_MAX = 4096;
