import { MalformedError } from "#base/errors.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { type Codec, defineCodec } from "./codec.ts";
import { mapped } from "./derive.ts";
import { asciiText, u64 } from "./primitives.ts";

/** 0, or 1 and a value. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return defineCodec<T | undefined>({
    read: (cursor, ctx) => (presence(u64.read(cursor, ctx)) ? codec.read(cursor, ctx) : undefined),
    *steps(ctx) {
      return presence(yield* u64.steps(ctx)) ? yield* codec.steps(ctx) : undefined;
    },
    encode(value, out, ctx) {
      out.u64(value === undefined ? 0 : 1);
      if (value !== undefined) codec.encode(value, out, ctx);
    },
  });
}

/** A text, ASCII when right, where the empty one means that there is none. */
export function emptyOr<T>(form: {
  parse(text: string, storeDir: StoreDir): T;
  print(value: T, storeDir: StoreDir): string;
}): Codec<T | undefined> {
  return mapped(asciiText, {
    parse: (found, ctx) => (found === "" ? undefined : form.parse(found, ctx.storeDir)),
    print: (value, ctx) => (value === undefined ? "" : form.print(value, ctx.storeDir)),
  });
}

function presence(tag: number): boolean {
  if (tag > 1) throw new MalformedError("optional value", `${tag}`, "want the tag 0 or 1");
  return tag === 1;
}
