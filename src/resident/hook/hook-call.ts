import { ByteReader } from "#base/byte-reader.ts";
import { EndOfInputError, messageOf } from "#base/errors.ts";
import { VERBOSITY } from "#nix/log-event.ts";
import type { StoreDir } from "#nix/store-path.ts";
import { formatHookReply, type HookReply } from "#wire/hook/reply.ts";
import {
  type HookBuild,
  type HookDetails,
  hookBuild,
  hookDetails,
  hookSettings,
  hookWord,
  TRY,
} from "#wire/hook/requests.ts";
import type { HookLine } from "./hook-line.ts";
import { HookNarrator } from "./hook-narrator.ts";

/** What decides about builds that Nix offers, and does those that it takes. */
export interface HookDesk {
  consider(offer: HookOffer): Promise<HookReply>;
  /** Does a build that was taken; the exit status of the hook. */
  perform(offer: HookOffer, details: HookDetails): Promise<number>;
}

/** A build that Nix offers to its hook. */
export interface HookOffer {
  readonly build: HookBuild;
  readonly settings: ReadonlyMap<string, string>;
  readonly line: HookLine;
  readonly narrator: HookNarrator;
}

/** Talks with one Nix until it has given away a build and that has ended, or until it has none to give. */
export async function serveHook(
  line: HookLine,
  { desk, storeDir, nextId }: { desk: HookDesk; storeDir: StoreDir; nextId: () => number },
): Promise<void> {
  const narrator = new HookNarrator({ line, storeDir, nextId });
  let status = EXIT_OTHER;
  try {
    status = await converse(line, { desk, storeDir, narrator });
  } catch (error) {
    if (!line.hungUp.aborted) narrator.say(`error: ${messageOf(error)}`, VERBOSITY.error);
  } finally {
    await line.end(status);
  }
}

async function converse(
  line: HookLine,
  { desk, storeDir, narrator }: { desk: HookDesk; storeDir: StoreDir; narrator: HookNarrator },
): Promise<number> {
  const ctx = { version: 0, features: new Set<string>(), storeDir };
  const reader = new ByteReader(line.input, "what Nix says to its build hook");
  const settings = await reader.read(hookSettings.decode(ctx));
  for (;;) {
    if (!(await isOffer(reader, ctx))) return 0;
    const build = await reader.read(hookBuild.decode(ctx));
    const offer = { build, settings, line, narrator };
    const reply = await considered(desk, offer);
    line.tell(formatHookReply(reply));
    if (reply.kind === "accept") return await desk.perform(offer, await reader.read(hookDetails.decode(ctx)));
  }
}

/** What is wrong with the settings, for one, is no reason for Nix to end: it takes a hook that goes away for that. */
async function considered(desk: HookDesk, offer: HookOffer): Promise<HookReply> {
  try {
    return await desk.consider(offer);
  } catch (error) {
    offer.line.hungUp.throwIfAborted();
    offer.narrator.say(`error: ${messageOf(error)}`, VERBOSITY.error);
    return { kind: "decline" };
  }
}

/** Nix that has nothing more to offer just closes the pipe. */
async function isOffer(reader: ByteReader, ctx: Parameters<typeof hookWord.decode>[0]): Promise<boolean> {
  try {
    return !(await reader.atEnd()) && (await reader.read(hookWord.decode(ctx))) === TRY;
  } catch (error) {
    if (error instanceof EndOfInputError) return false;
    throw error;
  }
}

/** For what is no verdict about the build. */
const EXIT_OTHER = 1;
