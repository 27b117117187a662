import { MalformedError } from "#base/errors.ts";
import type { LogEvent, LogField } from "#nix/log-event.ts";
import type { Codec } from "../codec/codec.ts";
import { list } from "../codec/collections.ts";
import { choose, constant, filler, mapped } from "../codec/derive.ts";
import { TRACES_MAX } from "../codec/limits.ts";
import { bits64, bytes, roughNumber, text, u64 } from "../codec/primitives.ts";
import { struct } from "../codec/struct.ts";
import { tagged } from "../codec/tagged.ts";

/** An error as it travels: its text, and the steps that led to it. */
export interface RemoteFailure {
  readonly message: string;
  /** Verbosity at which it was reported; 0 for an error. */
  readonly level: number;
  readonly traces: readonly string[];
}

/** One frame of what a server says between a request and its reply. */
export type ServerFrame =
  | { readonly kind: "log"; readonly event: LogEvent }
  /** The reply follows. */
  | { readonly kind: "last" }
  /** The operation failed; no reply follows. */
  | { readonly kind: "error"; readonly failure: RemoteFailure }
  /** The server asks for up to `count` bytes of the request's body, to be sent as one string. */
  | { readonly kind: "pull"; readonly count: number }
  /** A piece of what an obsolete operation exports. */
  | { readonly kind: "write"; readonly bytes: Uint8Array };

/** One frame. */
export const serverFrame: Codec<ServerFrame> = tagged({
  variantOf: (tag) => VARIANTS.get(tag) ?? refuse(tag),
  tagOf: (frame) => TAGS[frame.kind === "log" ? frame.event.kind : frame.kind],
});

/** The numbers that begin frames. Source: Nix, `STDERR_*`. */
const TAGS = {
  message: 0x6f6c6d67,
  pull: 0x64617461,
  write: 0x64617416,
  last: 0x616c7473,
  error: 0x63787470,
  start: 0x53545254,
  stop: 0x53544f50,
  result: 0x52534c54,
} as const;

/** Process id in the upper half, a counter in the lower; the process id loses what passes 2^53. */
const activityId: Codec<number> = mapped(bits64, {
  parse: (bits) => Number(bits & BigInt(Number.MAX_SAFE_INTEGER)),
  print: (id) => BigInt(id),
});

const field: Codec<LogField> = tagged({
  variantOf: (tag) => FIELD_CODECS[tag] ?? refuseField(tag),
  tagOf: (value) => (typeof value === "number" ? 0 : 1),
});
const FIELD_CODECS = [roughNumber as Codec<LogField>, text as Codec<LogField>];

const fields = list(field);

/** From 1.26 on. Positions have no form on the wire, so none is ever there. */
const failure: Codec<RemoteFailure> = mapped(
  struct({
    type: filler(text, "Error"),
    level: u64,
    name: filler(text, "Error"),
    message: text,
    position: filler(u64, 0),
    traces: list(struct({ position: filler(u64, 0), hint: text }), TRACES_MAX),
  }),
  {
    parse: ({ traces, ...rest }) => ({ ...rest, traces: traces.map(({ hint }) => hint) }),
    print: ({ traces, ...rest }) => ({ ...rest, traces: traces.map((hint) => ({ hint })) }),
  },
);

/** Before 1.26: the text and an exit status. */
const oldFailure: Codec<RemoteFailure> = mapped(struct({ message: text, status: filler(u64, 1) }), {
  parse: ({ message }) => ({ message, level: 0, traces: [] }),
  print: ({ message, traces }) => ({ message: [message, ...traces].join("\n") }),
});

const VARIANTS: ReadonlyMap<number, Codec<ServerFrame>> = new Map<number, Codec<ServerFrame>>([
  [TAGS.message, logFrame("message", { text })],
  [
    TAGS.start,
    logFrame("start", { id: activityId, level: u64, type: u64, text, fields, parent: activityId }),
  ],
  [TAGS.stop, logFrame("stop", { id: activityId })],
  [TAGS.result, logFrame("result", { id: activityId, type: u64, fields })],
  [TAGS.last, constant<ServerFrame>({ kind: "last" })],
  [TAGS.pull, frame("pull", { count: u64 })],
  [TAGS.write, frame("write", { bytes })],
  [TAGS.error, frame("error", { failure: choose(({ version }) => (version >= 26 ? failure : oldFailure)) })],
]);

function logFrame(kind: LogEvent["kind"], parts: Record<string, Codec<unknown>>): Codec<ServerFrame> {
  return mapped(struct(parts), {
    parse: (event) => ({ kind: "log", event: { kind, ...event } as LogEvent }),
    print: (frame) => (frame as { event: object }).event as Record<string, unknown>,
  });
}

function frame(kind: ServerFrame["kind"], parts: Record<string, Codec<unknown>>): Codec<ServerFrame> {
  return mapped(struct(parts), {
    parse: (found) => ({ kind, ...found }) as unknown as ServerFrame,
    print: (value) => value as unknown as Record<string, unknown>,
  });
}

function refuse(tag: number): never {
  throw new MalformedError("server frame", `0x${tag.toString(16)}`, "no frame has this tag");
}

function refuseField(tag: number): never {
  throw new MalformedError("log field", `${tag}`, "want 0 for a number or 1 for a text");
}
