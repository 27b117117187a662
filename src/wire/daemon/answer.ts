import type { Decoding } from "#base/decoding.ts";
import { ElsewhereError } from "#base/errors.ts";
import type { LogSink } from "#nix/log-event.ts";
import { whileAtHand } from "../codec/at-hand.ts";
import type { WireContext } from "../codec/codec.ts";
import type { Operation } from "./operation.ts";
import { RemoteError } from "./remote-error.ts";
import { serverFrame } from "./stderr.ts";

/** The half of an operation that reads. */
export type Answered<Reply> = Pick<Operation<unknown, Reply>, "name" | "reply">;

/** The answer to one request, with what the server logs before it. Throws `RemoteError` when the server says no. */
export function* answerOf<Reply>(
  operation: Answered<Reply>,
  agreed: WireContext,
  log: LogSink | undefined,
): Decoding<Reply> {
  for (;;) {
    const frame = yield* serverFrame.decode(agreed);
    switch (frame.kind) {
      case "last":
        return yield* operation.reply.decode(agreed);
      case "error":
        throw new RemoteError(frame.failure);
      case "log":
        log?.(frame.event);
        break;
      default:
        throw new ElsewhereError(
          "MALFORMED",
          `Cannot go on: the server wants to ${frame.kind} data in ${operation.name}`,
        );
    }
  }
}

/** Who takes answers. */
export interface AnswerTaking<Reply> {
  /** Whether there is one more to wait for. */
  readonly next: () => boolean;
  readonly take: (reply: Reply) => void;
}

/** Answer after answer: those that are at hand as a whole from one look at the bytes, the others part by part. */
export function* answersOf<Reply>(
  operation: Answered<Reply>,
  agreed: WireContext,
  { next, take }: AnswerTaking<Reply>,
): Decoding<void> {
  let isWanted = next();
  while (isWanted) {
    yield* whileAtHand((cursor) => {
      const start = cursor.offset;
      if (serverFrame.read(cursor, agreed).kind !== "last") {
        cursor.offset = start;
        return false;
      }
      take(operation.reply.read(cursor, agreed));
      isWanted = next();
      return isWanted;
    });
    if (isWanted) {
      take(yield* answerOf(operation, agreed, undefined));
      isWanted = next();
    }
  }
}
