import { createReadStream } from "node:fs";
import { createZstdDecompress } from "node:zlib";
import type { ByteSource } from "#base/byte-reader.ts";
import { formOf, type LogFiles } from "./log-file.ts";

/** A log as the builder wrote it, as far as it is there; undefined where none is kept. */
export function readLogFile(files: LogFiles): ByteSource | undefined {
  const form = formOf(files);
  if (form === undefined) return undefined;
  const file = createReadStream(files[form]);
  if (form !== "packed") return file;
  const unpacked = createZstdDecompress();
  file.on("error", (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}
