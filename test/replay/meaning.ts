import type { Buffer } from "node:buffer";
import type { BuildResult } from "#nix/build-result.ts";
import { RESULT } from "#nix/log-event.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { RecordedOperation } from "#rig/daemon-recording.ts";
import type { RecordedCommand } from "#rig/serve-recording.ts";
import type { ServerFrame } from "#wire/daemon/stderr.ts";

/** What a server's answer says, without what differs from run to run and from release to release. */
export function meaningOfOperation({ operation, request, reply, frames, nar }: RecordedOperation): unknown {
  const last = frames.at(-1);
  const failure = last?.kind === "error" ? classOf(last.failure.message) : undefined;
  const meant = { name: operation.name, failure, lines: linesOf(frames) };
  const { path } = (request ?? {}) as { path?: StorePath };
  if (path && DUMPS.test(path)) return { ...meant, reply: withoutContents(reply), nar: namesIn(nar) };
  return { ...meant, reply: masked(reply), nar };
}

export function meaningOfCommand({ command, request, reply, replyBody }: RecordedCommand): unknown {
  const { path, paths } = (request ?? {}) as { path?: StorePath; paths?: readonly StorePath[] };
  if ([path, ...(paths ?? [])].some((each) => each && DUMPS.test(each)))
    return { name: command.name, reply: withoutContents(reply), replyBody: namesIn(replyBody) };
  return { name: command.name, reply: masked(reply), replyBody };
}

/** Outputs that hold the environment of their build, and with it the names of its folders. */
const DUMPS = /-tr-structured$/;

function withoutContents(reply: unknown): unknown {
  const lean = (info: object): object => ({ ...info, narHash: undefined, narSize: undefined });
  if (Array.isArray(reply)) return masked(reply.map(lean));
  return reply ? masked(lean(reply)) : reply;
}

/** The names of the files of a NAR, and of the variables in the environments that it holds. */
function namesIn(nar: Buffer | undefined): unknown {
  if (!nar || nar.length === 0) return undefined;
  const text = nar.toString("latin1");
  return [...text.matchAll(/\0([\w.-]+)\0+\x04\0{7}node/g)].map((match) => match[1]);
}

/** The kind of an error, by the words that all releases use for it. */
function classOf(message: string): string {
  const plain = message.replace(/\x1b\[[0-9;]*m/g, "");
  return CLASSES.map((pattern) => pattern.exec(plain)?.[0]).find((words) => words) ?? "another";
}

/** In the order of trying: what is said of a dependency comes before what is said of the build itself. */
const CLASSES: readonly RegExp[] = [
  /hash mismatch in fixed-output derivation/,
  /of silence|timed out/,
  /bytes of log/,
  /may not be deterministic/,
  /\bdependenc(?:y|ies)\b.*failed/,
  /failed to produce output/,
  /exit code \d+/,
  /because it lacks a/,
  /is not valid/,
];

function linesOf(frames: readonly ServerFrame[]): string[] {
  return frames.flatMap((frame) =>
    frame.kind === "log" && frame.event.kind === "result" && frame.event.type === RESULT.buildLogLine
      ? [`${frame.event.fields[0]}`]
      : [],
  );
}

export function masked(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(masked);
  if (typeof reply !== "object" || reply === null || ArrayBuffer.isView(reply)) return reply;
  if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [key, masked(value)]));
  const entries = Object.entries(reply).filter(([key]) => !VARYING.has(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      key === "errorMessage" ? classOf(value as BuildResult["errorMessage"]) : masked(value),
    ]),
  );
}

const VARYING: ReadonlySet<string> = new Set([
  "registrationTime",
  "startTime",
  "stopTime",
  "cpuUserUs",
  "cpuSystemUs",
  "timesBuilt",
  "bytesFreed",
]);
