import type { Buffer } from "node:buffer";
import type { PathInfo } from "#nix/path-info.ts";
import { nameOf, type StorePath } from "#nix/store-path.ts";
import { decodeDaemonRecording, type RecordedOperation } from "#rig/daemon-recording.ts";
import { Tape } from "#rig/tape.ts";
import { type Transcript, transcripts } from "#rig/transcripts.ts";
import type { LocalStore } from "#store/local/local-store.ts";
import { type AddToStoreRequest, multipleCount } from "#wire/daemon/add-operations.ts";
import type { DaemonConnection } from "#wire/daemon/handshake.ts";
import { streamedPathInfo } from "#wire/values/path-info.ts";

/** Every path whose contents some recorded client has sent, or some recorded server. */
export class RecordedPaths {
  readonly #nars = new Map<StorePath, Buffer>();
  readonly #infos = new Map<StorePath, PathInfo>();
  readonly #texts: { request: AddToStoreRequest; body: Buffer }[] = [];

  constructor(release: string) {
    for (const transcript of transcripts(release)) if (transcript.complete) this.#collect(transcript);
  }

  /** Puts `paths` with all that they need into a store, as if they had been built or evaluated there. */
  async install(store: LocalStore, paths: readonly StorePath[]): Promise<void> {
    const names = new Set(paths.map(nameOf));
    for (const { request, body } of this.#texts) {
      if (!names.has(request.name)) continue;
      const content = { ...request, ...request.how, dump: "flat" as const, data: pieces(body) };
      if (await this.#allValid(store, request.references)) await store.addContent(content);
    }
    const wanted = paths.filter((path) => this.#infos.has(path) && this.#nars.has(path));
    const ordered = wanted.toSorted((a, b) => this.#depth(a) - this.#depth(b));
    const infos = ordered.map((path) => this.#infos.get(path)!);
    const nars = this.#nars;
    async function* incoming() {
      for (const info of infos) yield { info, nar: pieces(nars.get(info.path)!) };
    }
    await store.addPaths(incoming(), { checkSignatures: false });
  }

  #depth(path: StorePath): number {
    const others = (this.#infos.get(path)?.references ?? []).filter((other) => other !== path);
    return 1 + Math.max(0, ...others.map((other) => this.#depth(other)));
  }

  async #allValid(store: LocalStore, paths: readonly StorePath[]): Promise<boolean> {
    return (await store.queryValidPaths(paths)).size === paths.length;
  }

  #collect(transcript: Transcript): void {
    if (transcript.protocol !== "daemon" || transcript.fromServer.length === 0) return;
    const { connection, operations } = decodeDaemonRecording(transcript);
    for (const operation of operations) this.#take(operation, connection);
  }

  #take({ operation, request, body, reply, nar }: RecordedOperation, ctx: DaemonConnection): void {
    const asked = request as { path: StorePath } & AddToStoreRequest;
    if (operation.name === "QueryPathInfo" && reply && (reply as PathInfo).ultimate)
      this.#infos.set(asked.path, { ...(reply as PathInfo), path: asked.path });
    if (operation.name === "NarFromPath" && nar) this.#nars.set(asked.path, nar);
    if (operation.name === "AddToStore" && body && asked.how.method === "text")
      if (!this.#texts.some(({ request: { name } }) => name === asked.name))
        this.#texts.push({ request: asked, body });
    if (operation.name === "AddMultipleToStore" && body) this.#takeMultiple(new Tape(body), ctx);
  }

  #takeMultiple(tape: Tape, ctx: DaemonConnection): void {
    for (let left = tape.read(multipleCount.decode(ctx)); left > 0; left--) {
      const info = tape.read(streamedPathInfo.decode(ctx));
      this.#nars.set(info.path, tape.nar());
      const known = this.#infos.get(info.path);
      if (!known?.ultimate) this.#infos.set(info.path, info);
    }
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
