import type { Codec, WireContext } from "../codec/codec.ts";

/**
 * How contents follow a message: as frames, as a bare NAR that ends by itself, or (1.21 and 1.22)
 * as a NAR in pieces that the server asks for.
 */
export type BodyKind = "frames" | "nar" | "pull";

/**
 * One operation of the worker protocol. A client sends its code, the request and the request's body;
 * the server sends log frames up to `last` or `error`, then the reply and the reply's body.
 */
export interface Operation<Request, Reply> {
  /** As Nix spells it: `QueryPathInfo`. */
  readonly name: string;
  readonly code: number;
  readonly request: Codec<Request>;
  readonly reply: Codec<Reply>;
  readonly requestBody: (ctx: WireContext) => BodyKind | undefined;
  readonly replyBody: BodyKind | undefined;
  /** The first minor version that has it. */
  readonly since: number;
}

export type RequestOf<O> = O extends Operation<infer Request, unknown> ? Request : never;
export type ReplyOf<O> = O extends Operation<unknown, infer Reply> ? Reply : never;

export interface OperationParts<Request, Reply> {
  readonly request: Codec<Request>;
  readonly reply: Codec<Reply>;
  readonly requestBody?: (ctx: WireContext) => BodyKind | undefined;
  readonly replyBody?: BodyKind;
  readonly since?: number;
}

export function operation<Request, Reply>(
  name: string,
  code: number,
  parts: OperationParts<Request, Reply>,
): Operation<Request, Reply> {
  return { name, code, requestBody: () => undefined, replyBody: undefined, since: 0, ...parts };
}
