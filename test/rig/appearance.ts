import { existsSync, readdirSync, watch } from "node:fs";
import { dirname } from "node:path";

/** Resolves when there is something at `path`; rejects when `signal` aborts first. Its folder must be there. */
export async function appearanceOf(path: string, signal: AbortSignal): Promise<void> {
  await changeUntil(dirname(path), () => existsSync(path), signal);
}

/** Resolves when there is nothing in a folder; rejects when `signal` aborts first. */
export async function emptinessOf(folder: string, signal: AbortSignal): Promise<void> {
  await changeUntil(folder, () => readdirSync(folder).length === 0, signal);
}

async function changeUntil(folder: string, isSo: () => boolean, signal: AbortSignal): Promise<void> {
  const changes = watch(folder);
  try {
    await new Promise<void>((resolve, reject) => {
      changes.on("change", () => isSo() && resolve());
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      if (isSo()) resolve();
    });
  } finally {
    changes.close();
  }
}
