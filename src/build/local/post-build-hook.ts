import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { ElsewhereError } from "#base/errors.ts";
import { ACTIVITY, RESULT, VERBOSITY } from "#nix/log-event.ts";
import { printStorePath, type StorePath } from "#nix/store-path.ts";
import { nextActivityId } from "#store/activity-id.ts";
import { LineSplitter } from "#store/line-splitter.ts";
import type { BuildJob, BuildSite } from "./build-site.ts";

/**
 * Runs `post-build-hook`, where one is set, with what was built; its output is shown. Throws when it fails:
 * what was built stays valid, and nothing more is built. Source: Nix manual, "post-build-hook".
 */
export async function runPostBuildHook(
  { store, settings }: BuildSite,
  { drvPath, request }: BuildJob,
  outputs: Iterable<StorePath>,
): Promise<void> {
  const hook = settings.postBuildHook;
  if (hook === "") return;
  const print = (path: StorePath) => printStorePath(store.storeDir, path);
  const id = nextActivityId();
  const text = `running post-build-hook '${hook}'`;
  request.log({
    kind: "start",
    id,
    level: VERBOSITY.talkative,
    type: ACTIVITY.postBuildHook,
    text,
    fields: [print(drvPath)],
    parent: 0,
  });
  try {
    const env = {
      ...settings.environment,
      DRV_PATH: print(drvPath),
      OUT_PATHS: [...outputs].map(print).sort().join(" "),
    };
    await runHook(hook, { env, signal: request.signal }, (line) =>
      request.log({ kind: "result", id, type: RESULT.postBuildLogLine, fields: [line] }),
    );
  } finally {
    request.log({ kind: "stop", id });
  }
}

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

async function runHook(
  hook: string,
  { env, signal }: Surroundings,
  onLine: (line: string) => void,
): Promise<void> {
  const child = spawn(hook, [], { env, signal, stdio: ["ignore", "pipe", "pipe"] });
  const end = new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killer) =>
      resolve(code === 0 ? undefined : killer ? `was ended by ${killer}` : `exited with status ${code}`),
    );
  });
  const [how] = await Promise.all([end, readLines(child.stdout, onLine), readLines(child.stderr, onLine)]);
  if (how !== undefined)
    throw new ElsewhereError("HOOK_FAILED", `program '${hook}', the post-build-hook, ${how}`, {
      hint: "What was built is valid; build again to go on",
    });
}

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const lines = new LineSplitter(onLine);
  stream.on("data", (chunk: Uint8Array) => lines.push(chunk));
  await finished(stream).catch(() => undefined);
  lines.end();
}
