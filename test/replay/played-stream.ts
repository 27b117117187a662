import { ByteReader } from "#base/byte-reader.ts";
import type { ByteStream } from "#transport/byte-stream.ts";
import { Channel } from "../serve/talking-client.ts";

/** Plays one connection of a server: reads what a client says, and answers it. */
export type Play = (said: ByteReader, answer: (bytes: Uint8Array) => void) => Promise<void>;

/** A client's stream to a server that is played in memory. What the play throws is why the stream was closed. */
export function playedStream(play: Play): ByteStream {
  const said = new Channel();
  const answers = new Channel();
  const played = play(new ByteReader(said, "a client"), (bytes) => answers.push(bytes));
  const closed = played.then(
    () => undefined,
    (error: Error) => error,
  );
  void closed.then(() => answers.end());
  return {
    peer: "a recorded server",
    source: answers,
    closed,
    write: (bytes) => said.push(bytes),
    end: () => said.end(),
    [Symbol.asyncDispose]: async () => said.end(),
  };
}
