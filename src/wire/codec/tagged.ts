import { type Codec, defineCodec } from "./codec.ts";
import { u64 } from "./primitives.ts";

/** A number, and what it says follows. `variantOf` throws for a number that means nothing. */
export function tagged<T>(choice: { variantOf(tag: number): Codec<T>; tagOf(value: T): number }): Codec<T> {
  return defineCodec<T>({
    read: (cursor, ctx) => choice.variantOf(u64.read(cursor, ctx)).read(cursor, ctx),
    *steps(ctx) {
      return yield* choice.variantOf(yield* u64.steps(ctx)).steps(ctx);
    },
    encode(value, out, ctx) {
      const tag = choice.tagOf(value);
      out.u64(tag);
      choice.variantOf(tag).encode(value, out, ctx);
    },
  });
}
