import { type Codec, defineCodec, type ValueOf, type WireContext } from "./codec.ts";
import type { Filler } from "./derive.ts";
import { within } from "./wire-error.ts";

/** The object that fields make; fillers leave no trace in it. */
export type StructOf<F> = {
  readonly [K in keyof F as F[K] extends Filler ? never : K]: ValueOf<F[K]>;
};

/** Fields one after another. */
export function struct<F extends Readonly<Record<string, Codec<unknown>>>>(fields: F): Codec<StructOf<F>> {
  const names = Object.keys(fields);
  const codecs: readonly Codec<unknown>[] = Object.values(fields);
  const isKept = codecs.map((codec) => !("filler" in codec));
  return defineCodec<StructOf<F>>({
    read(cursor, ctx) {
      const value: Record<string, unknown> = {};
      let index = 0;
      try {
        for (; index < codecs.length; index++) {
          const field = codecs[index]!.read(cursor, ctx);
          if (isKept[index]) value[names[index]!] = field;
        }
      } catch (error) {
        throw within("decode", names[index]!, error);
      }
      return value as StructOf<F>;
    },
    *steps(ctx) {
      const value: Record<string, unknown> = {};
      let index = 0;
      try {
        for (; index < codecs.length; index++) {
          const field = yield* codecs[index]!.steps(ctx);
          if (isKept[index]) value[names[index]!] = field;
        }
      } catch (error) {
        throw within("decode", names[index]!, error);
      }
      return value as StructOf<F>;
    },
    encode(value, out, ctx) {
      let index = 0;
      try {
        for (; index < codecs.length; index++)
          codecs[index]!.encode((value as Record<string, unknown>)[names[index]!], out, ctx);
      } catch (error) {
        throw within("encode", names[index]!, error);
      }
    },
    isEmpty: (ctx: WireContext) => codecs.every((codec) => codec.isEmpty(ctx)),
  });
}
