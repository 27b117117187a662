import { existsSync, watch } from "node:fs";
import { dirname } from "node:path";

/** Resolves when there is something at `path`; rejects when `signal` aborts first. Its folder must be there. */
export async function appearanceOf(path: string, signal: AbortSignal): Promise<void> {
  const changes = watch(dirname(path));
  try {
    await new Promise<void>((resolve, reject) => {
      changes.on("change", () => existsSync(path) && resolve());
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      if (existsSync(path)) resolve();
    });
  } finally {
    changes.close();
  }
}
