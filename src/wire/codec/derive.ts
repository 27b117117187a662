import { MalformedError } from "#base/errors.ts";
import { type Codec, defineCodec, type WireContext } from "./codec.ts";
import { u64 } from "./primitives.ts";

/** Takes no bytes: always `value`. */
export function constant<const T>(value: T): Codec<T> {
  return defineCodec<T>({
    read: () => value,
    // biome-ignore lint/correctness/useYield: a decoding that needs no bytes
    *steps() {
      return value;
    },
    encode: () => undefined,
    isEmpty: () => true,
  });
}

/** No value, no bytes. */
export const nothing: Codec<undefined> = constant(undefined);

/** The codec that the context picks. */
export function choose<T>(pick: (ctx: WireContext) => Codec<T>): Codec<T> {
  return defineCodec<T>({
    read: (cursor, ctx) => pick(ctx).read(cursor, ctx),
    steps: (ctx) => pick(ctx).steps(ctx),
    encode: (value, out, ctx) => pick(ctx).encode(value, out, ctx),
    isEmpty: (ctx) => pick(ctx).isEmpty(ctx),
  });
}

/** On the wire from `minor` on; before it, `fallback` when read and left out when written. */
export function since<T>(minor: number, codec: Codec<T>, fallback: T): Codec<T> {
  const absent = constant<T>(fallback);
  return choose((ctx) => (ctx.version >= minor ? codec : absent));
}

/** On the wire before `minor`; from it on, `fallback` when read and left out when written. */
export function until<T>(minor: number, codec: Codec<T>, fallback: T): Codec<T> {
  const absent = constant<T>(fallback);
  return choose((ctx) => (ctx.version < minor ? codec : absent));
}

/** One form with a feature, another without. */
export function withFeature<T>(feature: string, codec: Codec<T>, otherwise: Codec<T>): Codec<T> {
  return choose((ctx) => (ctx.features.has(feature) ? codec : otherwise));
}

/** Values of one type that travel as another. Both ways may throw on what has no counterpart. */
export function mapped<A, B>(
  codec: Codec<A>,
  { parse, print }: { parse(value: A, ctx: WireContext): B; print(value: B, ctx: WireContext): A },
): Codec<B> {
  return defineCodec<B>({
    read: (cursor, ctx) => parse(codec.read(cursor, ctx), ctx),
    *steps(ctx) {
      return parse(yield* codec.steps(ctx), ctx);
    },
    encode: (value, out, ctx) => codec.encode(print(value, ctx), out, ctx),
    isEmpty: (ctx) => codec.isEmpty(ctx),
  });
}

/** One of `names`, sent as its place among them. `what` names the kind in errors. */
export function enumeration<const T>(what: string, names: readonly T[]): Codec<T> {
  return mapped(u64, {
    parse: (number): T => {
      if (number >= names.length)
        throw new MalformedError(what, `${number}`, `want a number from 0 to ${names.length - 1}`);
      return names[number] as T;
    },
    print: (name) => {
      const number = names.indexOf(name);
      if (number < 0) throw new MalformedError(what, `${name}`, `want one of ${names.join(", ")}`);
      return number;
    },
  });
}

/** A part of a message that means nothing any more: written as `value`, read and dropped. */
export interface Filler extends Codec<undefined> {
  readonly filler: true;
}

export function filler<T>(codec: Codec<T>, value: T): Filler {
  const dropping = mapped<T, undefined>(codec, { parse: () => undefined, print: () => value });
  return { ...dropping, filler: true };
}
