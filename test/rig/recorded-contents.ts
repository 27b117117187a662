import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import type { PathInfo } from "#nix/path-info.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import type { IncomingPath, Store } from "#store/store.ts";
import { type AddToStoreRequest, multipleCount } from "#wire/daemon/add-operations.ts";
import type { DaemonConnection } from "#wire/daemon/handshake.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";
import { narOfFile } from "../store/local/local-rig.ts";
import { decodeDaemonRecording, type RecordedOperation } from "./daemon-recording.ts";
import { decodeServeRecording } from "./serve-recording.ts";
import { Tape } from "./tape.ts";
import type { Transcript } from "./transcripts.ts";

/** Every path that some recorded client sent with its contents: sources, derivations, copied outputs. */
export class RecordedContents {
  readonly #infos = new Map<StorePath, PathInfo>();
  readonly #nars = new Map<StorePath, Buffer>();

  constructor(recorded: readonly Transcript[]) {
    for (const transcript of recorded) if (transcript.complete) this.#collect(transcript);
  }

  /** The only path of that name. */
  named(name: string): StorePath {
    const found = [...this.#infos.keys()].filter((path) => nameOf(path) === name);
    assert.equal(found.length, 1, `want one recorded path named ${name}, found ${found.length}`);
    return found[0]!;
  }

  infoOf(path: StorePath): PathInfo | undefined {
    return this.#infos.get(path);
  }

  narOf(path: StorePath): Buffer | undefined {
    return this.#nars.get(path);
  }

  /** Puts paths with all that they need into a store, as a trusted client would. */
  async install(store: Store, paths: readonly StorePath[]): Promise<void> {
    const wanted = new Set<StorePath>();
    const visit = (path: StorePath): void => {
      if (wanted.has(path)) return;
      const info = this.#infos.get(path);
      assert.ok(info, `nobody sent ${path}`);
      for (const reference of info.references) if (reference !== path) visit(reference);
      wanted.add(path);
    };
    for (const path of paths) visit(path);
    await store.addPaths(this.#incoming(wanted), { checkSignatures: false });
  }

  async *#incoming(paths: Iterable<StorePath>): AsyncGenerator<IncomingPath> {
    for (const path of paths) yield { info: this.#infos.get(path)!, nar: inOne(this.#nars.get(path)!) };
  }

  #collect(transcript: Transcript): void {
    if (transcript.protocol === "serve") {
      for (const { command, request, requestBody } of decodeServeRecording(transcript).commands)
        if (command.name === "AddToStoreNar") this.#keep((request as { info: PathInfo }).info, requestBody);
    } else {
      const { connection, operations } = decodeDaemonRecording(transcript);
      for (const operation of operations) this.#take(operation, connection);
    }
  }

  #take({ operation, request, body, reply }: RecordedOperation, ctx: DaemonConnection): void {
    if (!body) return;
    if (operation.name === "AddToStoreNar") this.#keep((request as { info: PathInfo }).info, body);
    if (operation.name === "AddMultipleToStore") this.#takeMultiple(new Tape(body), ctx);
    if (operation.name !== "AddToStore" || !reply) return;
    const { path, info } = reply as { path: StorePath; info?: PathInfo };
    const { how } = request as AddToStoreRequest;
    if (info) this.#keep({ ...info, path }, how.method === "nar" ? body : narOfFile(body));
  }

  #takeMultiple(tape: Tape, ctx: DaemonConnection): void {
    for (let left = tape.read(multipleCount.decode(ctx)); left > 0; left--)
      this.#keep(tape.read(streamedPathInfo.decode(ctx)), tape.nar());
  }

  #keep(info: PathInfo, nar: Buffer): void {
    this.#infos.set(info.path, info);
    this.#nars.set(info.path, nar);
  }
}

async function* inOne(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}
