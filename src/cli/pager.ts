import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ByteSource } from "#base/byte-reader.ts";
import type { CommandContext } from "./command-context.ts";

/** On a terminal by the person's pager, as `nix log` does; else as it is. */
export async function showInPager(
  { terminal, env }: Pick<CommandContext, "terminal" | "env">,
  log: ByteSource,
): Promise<void> {
  const pager = env.NIX_PAGER ?? env.PAGER ?? "less";
  if (terminal.outputColumns() === undefined || pager === "" || pager === "cat") {
    for await (const chunk of log) await terminal.print(chunk);
    return;
  }
  const child = spawn("sh", ["-c", pager], {
    stdio: ["pipe", "inherit", "inherit"],
    env: { ...env, LESS: env.LESS ?? "FRSXMK" },
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Who leaves the pager early has read enough.
  await pipeline(Readable.from(log, { objectMode: true }), child.stdin).catch(() => undefined);
  await ended;
}
