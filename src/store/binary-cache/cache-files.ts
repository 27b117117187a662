import type { Buffer } from "node:buffer";
import type { ByteSource } from "#base/byte-reader.ts";

/** The files of a binary cache, wherever they are. Names are relative, with slashes: `nar/x.nar.xz`. */
export interface CacheFiles extends AsyncDisposable {
  readonly uri: string;
  /** A small file as a whole, of at most `bytesMax`; undefined where there is none. */
  read(name: string, bytesMax: number): Promise<Buffer | undefined>;
  /** A file as it is consumed. Throws where there is none. */
  open(name: string): ByteSource;
  /** Absent where nothing can be written. */
  readonly writer?: CacheWriter;
}

export interface CacheWriter {
  /** Writes a file in one step: it is there whole, or not at all. */
  write(name: string, contents: Uint8Array): Promise<void>;
  /** A file outside of the cache's names to write to, which `keep` then gives its name. */
  scratch(): Promise<ScratchFile>;
}

export interface ScratchFile extends AsyncDisposable {
  append(chunk: Uint8Array): Promise<void>;
  keep(name: string): Promise<void>;
}
