import { existsSync } from "node:fs";
import { ElsewhereError } from "#base/errors.ts";
import { daemonSocketPath } from "./serve-store.ts";

/** The store that a daemon in front of the real one stands for, whatever `NIX_REMOTE` says: that may be the door itself. */
export function realStore(env: NodeJS.ProcessEnv): string {
  return existsSync(daemonSocketPath(env)) ? `unix://${daemonSocketPath(env)}` : "local";
}

/** Where it listens when nobody says where. */
export function doorSocketPath({ XDG_RUNTIME_DIR }: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/run/elsewhere/socket";
  if (XDG_RUNTIME_DIR) return `${XDG_RUNTIME_DIR}/elsewhere/socket`;
  throw new ElsewhereError("LISTEN", "Cannot tell where to listen: XDG_RUNTIME_DIR is not set", {
    hint: "Say --socket PATH",
  });
}
