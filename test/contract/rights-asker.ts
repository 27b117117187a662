import { Buffer } from "node:buffer";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DerivationOutput } from "#nix/derivation.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { DEFAULT_STORE_DIR, parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import { encodeToBuffer } from "#wire/codec/codec.ts";
import { u64 } from "#wire/codec/primitives.ts";
import type { Operation } from "#wire/daemon/operation.ts";
import { operations } from "#wire/daemon/operations.ts";
import { exportNext, exportTrailer } from "#wire/serve/export-stream.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { PLAIN_SETTINGS } from "../serve/plain-settings.ts";
import type { TalkingClient } from "../serve/talking-client.ts";
import type { Sample } from "../store/local/local-rig.ts";

/** Asks for one thing after the other; rejects with the server's words. */
export class Asker {
  readonly #client: TalkingClient;
  readonly #realStoreDir: string;

  constructor(client: TalkingClient, realStoreDir: string) {
    this.#client = client;
    this.#realStoreDir = realStoreDir;
  }

  async ask<Request, Reply>(operation: Operation<Request, Reply>, request: Request): Promise<Reply> {
    this.#client.ask(operation, request);
    return await this.#client.hearReply(operation);
  }

  async upload<Request>(
    operation: Operation<Request, unknown>,
    request: Request,
    body: Buffer,
  ): Promise<void> {
    this.#client.ask(operation, request);
    this.#client.sayFrames(body);
    await this.#client.hearReply(operation);
  }

  async addNar({ info, nar }: Sample, { repair = false, unchecked = false } = {}): Promise<void> {
    await this.upload(operations.addToStoreNar, { info, repair, dontCheckSignatures: unchecked }, nar);
  }

  async addMultiple({ info, nar }: Sample, { repair = false, unchecked = false } = {}): Promise<void> {
    const body = [encodeToBuffer(u64, 1, CTX), encodeToBuffer(streamedPathInfo, info, CTX), nar];
    const request = { repair, dontCheckSignatures: unchecked };
    await this.upload(operations.addMultipleToStore, request, Buffer.concat(body));
  }

  async addText(contents: string, { repair = false } = {}): Promise<StorePath> {
    const how = { method: "text", algorithm: "sha256" } as const;
    this.#client.ask(operations.addToStore, { name: "text", how, references: [], repair });
    this.#client.sayFrames(Buffer.from(contents));
    return (await this.#client.hearReply(operations.addToStore)).path;
  }

  async importPath({ info, nar }: Sample): Promise<void> {
    this.#client.sayPulled(
      Buffer.concat([
        encodeToBuffer(exportNext, true, CTX),
        nar,
        encodeToBuffer(exportTrailer, { path: info.path, references: [], deriver: undefined }, CTX),
        encodeToBuffer(exportNext, false, CTX),
      ]),
    );
    await this.ask(operations.importPaths, undefined);
  }

  async build(output: DerivationOutput, mode: "normal" | "repair" = "normal"): Promise<void> {
    const fixed = { name: "built", inputSources: [], system: "x86_64-linux", builder: "/bin/sh" };
    const derivation = {
      ...fixed,
      outputs: new Map([["out", output]]),
      args: ["-c", "exit 1"],
      env: new Map(),
    };
    await this.ask(operations.buildDerivation, { target: { drvPath: DRV, derivation }, mode });
  }

  async isUltimate({ path }: PathInfo): Promise<boolean> {
    return (await this.ask(operations.queryPathInfo, { path }))!.ultimate;
  }

  /** What lies there once `mend` is done with a valid path that was damaged. */
  async afterDamage(path: StorePath, mend: () => Promise<unknown>): Promise<string> {
    const file = join(this.#realStoreDir, path);
    chmodSync(file, 0o644);
    writeFileSync(file, "damaged");
    await mend();
    return readFileSync(file, "utf8");
  }

  /** Names that the server says it ignores. */
  async set(name: string, value: string): Promise<string[]> {
    this.#client.ask(operations.setOptions, { ...PLAIN_SETTINGS, overrides: new Map([[name, value]]) });
    const frames = await this.#client.hearFrames();
    return frames.flatMap((frame) => {
      const text = frame.kind === "log" && frame.event.kind === "message" ? frame.event.text : "";
      return (
        /ignoring (?:the client-specified setting|untrusted substituter) '([^']+)'/.exec(text)?.[1] ?? []
      );
    });
  }
}

/** The derivation that is built, and of which a log is added. */
export const DRV = parseStorePathBaseName("g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-built.drv");
const CTX = { version: 38, storeDir: DEFAULT_STORE_DIR, features: new Set<string>() };
