import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { ElsewhereError, messageOf } from "#base/errors.ts";
import { derivationType, isNetworked } from "#nix/derivation-type.ts";
import { formatDigest } from "#nix/hash.ts";
import { credentialsFor } from "#nix/netrc.ts";
import { restorePath } from "#store/nar/restore-path.ts";
import { BuildFailure } from "../build-failure.ts";
import type { BuiltinContext } from "./builtin-context.ts";

/** `builtin:fetchurl`: a file, or with `unpack` a NAR, from the first place that has it. */
export async function fetchUrl(context: BuiltinContext): Promise<void> {
  if (!isNetworked(derivationType(context.job.derivation)))
    throw new BuildFailure("InputRejected", "'builtin:fetchurl' must be a fixed-output or impure derivation");
  const urls = [...mirrors(context), ...urlsOf(context)];
  let failure: unknown;
  for (const url of urls) {
    try {
      await fetchInto(url, context);
      return;
    } catch (error) {
      if (context.signal.aborted || error instanceof AfterDownloadError) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** What went wrong once bytes were written: another place cannot mend it. */
class AfterDownloadError extends ElsewhereError {
  constructor(url: string, cause: unknown) {
    super("DOWNLOAD", `unable to download '${url}': ${messageOf(cause)}`, { cause });
  }
}

async function fetchInto(url: string, context: BuiltinContext): Promise<void> {
  const body = await openUrl(url, context);
  try {
    if (context.optional("unpack") === "1") {
      const { source, done } = unpacked(body, url);
      await restorePath(source, context.out, { canonical: true });
      await done;
    } else await pipeline(body, createWriteStream(context.out, { flags: "wx" }), { signal: context.signal });
    if (context.optional("executable") === "1") chmodSync(context.out, 0o755);
  } catch (error) {
    throw new AfterDownloadError(url, error);
  }
}

async function openUrl(url: string, { site, signal }: BuiltinContext): Promise<Readable> {
  if (url.startsWith("file:")) {
    const file = createReadStream(fileURLToPath(url));
    await once(file, "open", { signal });
    return file;
  }
  if (!/^https?:/.test(url))
    throw new ElsewhereError("DOWNLOAD", `unable to download '${url}': want http, https or file`);
  const headers = credentialsFor(site.settings.netrc, new URL(url).hostname);
  const response = await fetch(url, { headers, signal, redirect: "follow" }).catch((error: Error) => {
    throw new ElsewhereError("DOWNLOAD", `unable to download '${url}': ${messageOf(error.cause ?? error)}`, {
      cause: error,
    });
  });
  if (!response.ok || !response.body)
    throw new ElsewhereError(
      "DOWNLOAD",
      `unable to download '${url}': HTTP error ${response.status} ('${response.statusText}')`,
    );
  return Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
}

function unpacked(
  body: Readable,
  url: string,
): { source: AsyncIterable<Uint8Array>; done: Promise<unknown> } {
  if (!url.endsWith(".xz")) return { source: body, done: Promise.resolve() };
  const child: ChildProcess = spawn("xz", ["-dc"], { stdio: ["pipe", "pipe", "ignore"] });
  const fed = pipeline(body, child.stdin!);
  const exited = once(child, "exit").then(([code]) => {
    if (code !== 0)
      throw new ElsewhereError("DOWNLOAD", `cannot unpack '${url}': xz ended with ${code}`, {
        hint: "Install xz-utils",
      });
  });
  const done = Promise.all([fed, exited]);
  done.catch(() => undefined);
  return { source: child.stdout!, done };
}

function urlsOf({ optional, variable }: BuiltinContext): string[] {
  const several = optional("urls")?.split(/\s+/).filter(Boolean) ?? [];
  return several.length > 0 ? several : [variable("url")];
}

/** `<mirror>/sha256/<base16>`, for flat contents: they are the same wherever they come from. */
function mirrors({ site, job }: BuiltinContext): string[] {
  const fixed = job.derivation.outputs.get("out");
  if (fixed?.kind !== "fixed" || fixed.address.method !== "flat") return [];
  const { hash } = fixed.address;
  return site.settings.hashedMirrors.map(
    (mirror) => `${mirror.replace(/\/+$/, "")}/${hash.algorithm}/${formatDigest(hash, "base16")}`,
  );
}
