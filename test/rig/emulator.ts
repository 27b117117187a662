import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAME = "qemu-aarch64-static";

/** Words that run what follows them on a machine that emulates aarch64; no other process of this one sees that. */
export function withEmulator(): readonly string[] {
  return [fileURLToPath(new URL("with-emulator", import.meta.url)), findEmulator() ?? NAME];
}

/** Why tests with an emulator must be skipped; false when they need not. */
export const withoutEmulator: string | false = reasonToSkip();

function reasonToSkip(): string | false {
  if (process.arch !== "x64") return "this is no x86_64, for which aarch64 would be emulated";
  if (findEmulator() === undefined) return `there is no ${NAME}, which scripts/test.ts brings`;
  const [program, ...words] = withEmulator();
  const { status } = spawnSync(program!, [...words, "true"], { stdio: "ignore" });
  return status === 0
    ? false
    : "an emulator cannot be registered in a user namespace: Linux 6.7 or later can";
}

function findEmulator(): string | undefined {
  const tools = fileURLToPath(new URL("../../.tools", import.meta.url));
  const folders = [tools, ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, NAME)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
