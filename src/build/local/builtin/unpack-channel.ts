import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { promisify } from "node:util";
import { ElsewhereError } from "#base/errors.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuiltinContext } from "./builtin-context.ts";

/** `builtin:unpack-channel`: the one thing in an archive, under the channel's name. */
export async function unpackChannel({ variable, realPathOf, out, signal }: BuiltinContext): Promise<void> {
  const channel = variable("channelName");
  if (channel === "" || channel === "." || channel === ".." || channel.includes("/"))
    throw new BuildFailure(
      "InputRejected",
      `channelName is not allowed to contain filesystem separators, got '${channel}'`,
    );
  mkdirSync(out);
  await unpack(realPathOf(variable("src")), out, signal);
  const entries = readdirSync(out);
  if (entries.length !== 1)
    throw new BuildFailure(
      "PermanentFailure",
      `channel tarball '${variable("src")}' contains more than one file`,
    );
  renameSync(`${out}/${entries[0]}`, `${out}/${channel}`);
}

/** tar(1) finds out how the archive is packed, takes no absolute names or `..`, and makes links last. */
async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  const args = [
    "--extract",
    "--file",
    archive,
    "--directory",
    folder,
    "--no-same-owner",
    "--no-same-permissions",
  ];
  try {
    await promisify(execFile)("tar", args, { signal });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? "";
    throw new ElsewhereError("UNPACK", `cannot unpack '${archive}': ${said || String(error)}`, {
      cause: error,
    });
  }
}
