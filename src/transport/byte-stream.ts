import type { ByteSource } from "#base/byte-reader.ts";

/** A two-way stream of bytes to a peer: standard input and output, a socket, an ssh session. */
export interface ByteStream extends AsyncDisposable {
  /** Who is at the other end, for errors: `ssh-ng://host`. */
  readonly peer: string;
  readonly source: ByteSource;
  /**
   * Takes back a chunk of `source` that nobody looks at any more; its memory may be filled again when another was given
   * back too. Parts of chunks, and chunks of 64 KiB or less, stay as they are.
   */
  recycle?(chunk: Uint8Array): void;
  /** Sends bytes. What it returns resolves at once, or when the peer has taken enough for more to be sent. */
  write(bytes: Uint8Array): Promise<void> | void;
  /** No more will be sent. */
  end(): void;
  /** Resolves when the stream is closed; with the error that closed it, if one did (ssh's own words, for one). */
  readonly closed: Promise<Error | undefined>;
}
