import type { ByteSource } from "#base/byte-reader.ts";
import { messageOf } from "#base/errors.ts";
import { arriving } from "#nix/path-info.ts";
import type { IncomingPath } from "#store/store.ts";
import type { Holder } from "../site/site.ts";
import type { Tell } from "./copy-report.ts";

/** The store that was to send did not: another may. */
export class SourceFault extends Error {
  readonly source: Holder;

  constructor(source: Holder, cause: unknown) {
    super(messageOf(cause), { cause });
    this.source = source;
  }
}

/** What the source of a stream threw; whoever takes the stream may throw something else for it. */
export interface SourceError {
  error?: unknown;
}

/** Paths as they pass through here: counted, and what their source throws is kept apart. */
export async function* inTransit(
  source: AsyncIterable<IncomingPath>,
  fault: SourceError,
  tell: Tell,
): AsyncGenerator<IncomingPath> {
  const sent = { paths: 0, bytes: 0 };
  const more = (bytes: number) => {
    sent.bytes += bytes;
    tell.progress(sent.paths, sent.bytes);
  };
  try {
    for await (const { info, nar } of source) {
      tell.path(info);
      // What vouches for it is that we asked.
      yield { info: arriving(info), nar: counted(nar, fault, more) };
      sent.paths++;
    }
  } catch (error) {
    fault.error ??= error;
    throw error;
  }
  more(0);
}

async function* counted(nar: ByteSource, fault: SourceError, more: (bytes: number) => void): ByteSource {
  let untold = 0;
  try {
    for await (const chunk of nar) {
      untold += chunk.length;
      if (untold >= PROGRESS_EVERY_BYTES) {
        more(untold);
        untold = 0;
      }
      yield chunk;
    }
  } catch (error) {
    fault.error ??= error;
    throw error;
  }
  if (untold > 0) more(untold);
}

const PROGRESS_EVERY_BYTES = 1 << 20;
