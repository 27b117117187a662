import { type AskedPush, checkPushAllowed } from "#serve/asked-push.ts";
import { isReadByAnyone } from "#serve/output-reader.ts";
import { copyPaths } from "#store/copy.ts";
import type { Store } from "#store/store.ts";
import type { CommandContext } from "./command-context.ts";
import { storePathOf } from "./path-arguments.ts";

/** Sends paths to another store because a client under a forced command asked for it; ends when that client hangs up. */
export async function servePush(
  context: CommandContext,
  push: AskedPush,
  { allowed, overrides, store }: PushRules,
): Promise<void> {
  checkPushAllowed(push, allowed);
  const { services, signal } = context;
  const settings = await services.settings([["connect-timeout", CONNECT_TIMEOUT_S], ...overrides]);
  await using from = await services.openStore(store, settings);
  await using to = await services.openStore(push.to, settings);
  if (push.requests) return await answerRequests(from, to, context);
  const paths = new Set(push.paths.map((path) => storePathOf(path, from)));
  const closure = await from.queryClosure(paths);
  const infos = closure.filter(({ path }) => paths.has(path));
  const stop = AbortSignal.any([signal, whenInputEnds()]);
  await copyPaths(from, to, infos, { checkSignatures: false, signal: stop });
}

async function answerRequests(from: Store, to: Store, { signal }: CommandContext): Promise<void> {
  const { copyRequests } = await import("./copy-requests.ts");
  const { stdin: input, stdout: output } = process;
  const stillListens = () => isReadByAnyone(output.fd);
  await copyRequests({ from, to, options: { checkSignatures: false, signal }, input, output, stillListens });
}

export interface PushRules {
  /** URIs of the stores that may be sent to. */
  readonly allowed: readonly string[];
  readonly overrides: readonly (readonly [string, string])[];
  /** The store to send from. */
  readonly store: string | undefined;
}

function whenInputEnds(): AbortSignal {
  const controller = new AbortController();
  process.stdin.resume();
  process.stdin.once("close", () => controller.abort(new Error("the client hung up")));
  // It must not keep the process once all is sent.
  (process.stdin as { unref?(): void }).unref?.();
  return controller.signal;
}

/** Short, for the client has another way. */
const CONNECT_TIMEOUT_S = "5";
