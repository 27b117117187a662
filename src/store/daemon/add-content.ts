import { ElsewhereError } from "#base/errors.ts";
import type { PathInfo } from "#nix/path-info.ts";
import { operations } from "#wire/daemon/operations.ts";
import type { IncomingContent } from "../store.ts";
import type { DaemonConnection } from "./connection.ts";
import { writeAll } from "./upload.ts";

/** Adds contents under the path that they make. */
export async function uploadContent(
  connection: DaemonConnection,
  content: IncomingContent,
): Promise<PathInfo> {
  const { name, method, algorithm, references, dump, data, repair = false } = content;
  const wanted = method === "nar" ? "nar" : "flat";
  if (dump !== wanted)
    throw new ElsewhereError(
      "UNSUPPORTED",
      `Cannot add '${name}': the daemon takes ${method} contents as ${wanted} only`,
    );
  const request = { name, how: { method, algorithm }, references, repair };
  const { path, info } = await connection.upload(operations.addToStore, request, {
    body: (frames, stop) => writeAll(frames, data, stop),
  });
  if (info) return { path, ...info };
  const found = await connection.call(operations.queryPathInfo, { path });
  if (!found)
    throw new ElsewhereError("REMOTE", `Cannot add '${name}': the daemon took it and does not have it`);
  return { path, ...found };
}
