import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { StorePath } from "#nix/store-path.ts";
import { type BuildLogWriter, buildLogFile } from "#store/local/build-log.ts";
import type { LocalStore } from "#store/local/local-store.ts";

/**
 * The log that a store keeps of a build. A short one is written plain, as Nix reads it too: packing it would
 * cost a process, which is more than most short builds take.
 */
export class StoredLog {
  readonly #store: LocalStore;
  readonly #drvPath: StorePath;
  #short: Uint8Array[] = [];
  #shortBytes = 0;
  #long: BuildLogWriter | undefined;

  constructor(store: LocalStore, drvPath: StorePath) {
    this.#store = store;
    this.#drvPath = drvPath;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#long) return await this.#long.write(chunk);
    this.#short.push(Uint8Array.from(chunk));
    this.#shortBytes += chunk.length;
    if (this.#shortBytes <= SHORT_BYTES_MAX) return;
    this.#long = this.#store.openBuildLog(this.#drvPath);
    for (const each of this.#short.splice(0)) await this.#long.write(each);
  }

  async close(): Promise<void> {
    if (this.#long) return await this.#long.close();
    const file = buildLogFile(this.#store.logDir, this.#drvPath);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.tmp-${process.pid}`, Buffer.concat(this.#short));
    renameSync(`${file}.tmp-${process.pid}`, file);
    rmSync(`${file}.bz2`, { force: true });
  }
}

/** Up to this many bytes a log is kept plain. */
const SHORT_BYTES_MAX = 16 * 1024;
