import type { Codec } from "../codec/codec.ts";

/** What follows a message: a NAR, which ends by itself, or an export stream. */
export type ServeBody = "nar" | "export";

/**
 * One command of the serve protocol. A client sends its code, the request and the request's body;
 * the server sends the reply and the reply's body. An error closes the connection.
 */
export interface Command<Request, Reply> {
  /** As Nix spells it: `QueryPathInfos`. */
  readonly name: string;
  readonly code: number;
  readonly request: Codec<Request>;
  readonly requestBody: ServeBody | undefined;
  readonly reply: Codec<Reply>;
  readonly replyBody: ServeBody | undefined;
  /** Whether only a server started with `--write` carries it out. */
  readonly writes: boolean;
}

export interface CommandParts<Request, Reply> {
  readonly request: Codec<Request>;
  readonly requestBody?: ServeBody;
  readonly reply: Codec<Reply>;
  readonly replyBody?: ServeBody;
  readonly writes?: boolean;
}

export function command<Request, Reply>(
  name: string,
  code: number,
  parts: CommandParts<Request, Reply>,
): Command<Request, Reply> {
  return { name, code, requestBody: undefined, replyBody: undefined, writes: false, ...parts };
}
