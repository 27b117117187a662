import type { ByteWriter } from "#wire/codec/byte-writer.ts";
import { FRAMES_END, frameHeader } from "#wire/daemon/frames.ts";

/** Sends a body as frames of a good size, however small its pieces are. */
export class FrameWriter {
  readonly #contents: ByteWriter;
  readonly #send: (bytes: Uint8Array) => Promise<void> | undefined;

  /** `contents` must be empty; `send` returns a promise when it wants the caller to wait. */
  constructor(contents: ByteWriter, send: (bytes: Uint8Array) => Promise<void> | undefined) {
    this.#contents = contents;
    this.#send = send;
  }

  /** For messages inside the body. Call `settle` now and then. */
  get out(): ByteWriter {
    return this.#contents;
  }

  /** Bytes of the body; they must not change afterwards. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    this.#contents.raw(bytes);
    return this.settle();
  }

  /** Sends a frame when there is enough for one. */
  settle(): Promise<void> | undefined {
    return this.#contents.length >= FRAME_BYTES ? this.#sendFrame() : undefined;
  }

  /** Sends what was gathered, however little: what comes next is a frame that somebody else sends. */
  cut(): Promise<void> | undefined {
    return this.#contents.length > 0 ? this.#sendFrame() : undefined;
  }

  /** Sends what is left, and the end. */
  end(): Promise<void> | undefined {
    void this.cut();
    return this.#send(FRAMES_END);
  }

  #sendFrame(): Promise<void> | undefined {
    let waiting = this.#send(frameHeader(this.#contents.length));
    for (const chunk of this.#contents.takeChunks()) waiting = this.#send(chunk) ?? waiting;
    return waiting;
  }
}

/** A frame is sent when this much waits, in bytes. */
const FRAME_BYTES = 64 * 1024;
