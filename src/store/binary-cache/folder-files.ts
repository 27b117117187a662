import type { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError, LimitError, messageOf } from "#base/errors.ts";
import type { CacheFiles, CacheWriter, ScratchFile } from "./cache-files.ts";

/** A binary cache in a folder: `file://`. */
export class FolderFiles implements CacheFiles {
  readonly uri: string;
  readonly writer: CacheWriter;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.uri = `file://${folder}`;
    this.writer = {
      write: (name, contents) => this.#write(name, contents),
      scratch: () => this.#scratch(),
    };
  }

  async read(name: string, bytesMax: number): Promise<Buffer | undefined> {
    const path = join(this.#folder, name);
    try {
      const { size } = await stat(path);
      if (size > bytesMax) throw new LimitError(`'${path}', in bytes`, size, bytesMax);
      return await readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw cannot("read", path, cause);
    }
  }

  async *open(name: string): ByteSource {
    const path = join(this.#folder, name);
    try {
      yield* createReadStream(path, { highWaterMark: CHUNK_BYTES });
    } catch (cause) {
      throw cannot("read", path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(name: string, contents: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    const beside = `${path}.tmp-${randomUUID()}`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(beside, contents, { flag: "wx" });
      await rename(beside, path);
    } catch (cause) {
      await rm(beside, { force: true });
      throw cannot("write", path, cause);
    }
  }

  async #scratch(): Promise<ScratchFile> {
    const folder = join(this.#folder, "nar");
    const beside = join(folder, `.tmp-${randomUUID()}`);
    await mkdir(folder, { recursive: true });
    const file = await open(beside, "wx");
    return {
      append: async (chunk) => {
        for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
      },
      keep: async (name) => {
        const path = join(this.#folder, name);
        await mkdir(dirname(path), { recursive: true });
        await rename(beside, path);
      },
      [Symbol.asyncDispose]: async () => {
        await file.close();
        await rm(beside, { force: true });
      },
    };
  }
}

function cannot(verb: string, path: string, cause: unknown): unknown {
  if (cause instanceof ElsewhereError) return cause;
  const code = (cause as NodeJS.ErrnoException).code === "ENOSPC" ? "NO_SPACE" : "CACHE_FILE";
  return new ElsewhereError(code, `Cannot ${verb} '${path}': ${messageOf(cause)}`, { cause });
}

const CHUNK_BYTES = 256 * 1024;
