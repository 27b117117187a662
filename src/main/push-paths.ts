import type { PushRequest } from "#build/engine/site.ts";
import { type PushingBuilder, pushCommands } from "#build/remote/push-command.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { CommandHost } from "./open-ssh-store.ts";

/** Has a builder send paths to another, by commands over the connection that is kept to it. */
export function pushFrom(
  host: CommandHost,
  { storeDir, ...builder }: PushingBuilder & { readonly storeDir: StoreDir },
): (request: PushRequest) => Promise<void> {
  const { scheme, authority } = builder.reference;
  const peer = `${scheme}://${authority}`;
  return async ({ to, paths, signal }) => {
    const printed = paths.map((path) => printStorePath(storeDir, path));
    for (const command of pushCommands(builder, { to, paths: printed }))
      await runToEnd(host, command, { peer, signal });
  };
}

/** Throws when it ends badly, with its own words. Aborting hangs up, and that ends it there. */
async function runToEnd(
  host: CommandHost,
  command: readonly string[],
  { peer, signal }: { readonly peer: string; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  await using session = await host.openSession(command, { peer });
  const hangUp = () => void session[Symbol.asyncDispose]();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    for await (const _ of session.source);
    const fault = await session.closed;
    signal.throwIfAborted();
    if (fault) throw fault;
  } finally {
    signal.removeEventListener("abort", hangUp);
  }
}
