import type { Peer, PushRequest } from "#build/engine/site.ts";
import { openAskedSending } from "#build/remote/asked-sending.ts";
import { DICTATED_BYTES_MAX, openDictation } from "#build/remote/dictation.ts";
import { KeptLines } from "#build/remote/kept-lines.ts";
import { pushCommands } from "#build/remote/push-command.ts";
import { type PushingBuilder, senderOf } from "#build/remote/sender.ts";
import { printStorePath, type StoreDir } from "#nix/store-path.ts";
import type { CommandHost } from "#transport/ssh-host.ts";

/**
 * Has a builder send paths to others, over the connection that is kept to it: what is little by lines that stand open, what is
 * large by a command of its own, beside them, which hardly feels what it takes to begin.
 */
export function pushFrom(
  host: CommandHost,
  { storeDir, ...builder }: PushingBuilder & { readonly storeDir: StoreDir },
): Required<Pick<Peer, "push">> & AsyncDisposable {
  const { scheme, authority } = builder.reference;
  const peer = `${scheme}://${authority}`;
  const sender = senderOf(builder);
  const lines = new KeptLines((to) =>
    sender.kind === "stock"
      ? openDictation(host, { sender, storeDir, to })
      : openAskedSending(host, { sender, storeDir, to, peer }),
  );
  return {
    push: async (request) => {
      const { to, infos, signal } = request;
      if (bytesOf(request) <= DICTATED_BYTES_MAX && lines.hasRoomFor(to)) return await lines.send(request);
      const paths = infos.map(({ path }) => printStorePath(storeDir, path));
      for (const command of pushCommands(sender, { to, paths }))
        await runToEnd(host, command, { peer, signal });
    },
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
  };
}

function bytesOf({ infos }: PushRequest): number {
  return infos.reduce((sum, { narSize }) => sum + narSize, 0);
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
