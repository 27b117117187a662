import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Brings an emulator of aarch64 into `.tools`, for the tests of a builder that emulates: one program out of Debian's
 * qemu-user-static, which as a whole would take 300 MB and register itself for the whole machine.
 */
export function bringEmulator(): void {
  if (existsSync(EMULATOR) || !existsSync("/usr/bin/apt-get")) return;
  console.error("set-up: bringing qemu-aarch64-static");
  mkdirSync(TOOLS, { recursive: true });
  const folder = mkdtempSync(join(TOOLS, "emulator-"));
  const run = (script: string) =>
    spawnSync("sh", ["-c", script], { cwd: folder, stdio: "ignore" }).status === 0;
  const isThere =
    run("apt-get download qemu-user-static") &&
    run("dpkg-deb --fsys-tarfile *.deb | tar -x --strip-components=3 ./usr/bin/qemu-aarch64-static");
  if (isThere) renameSync(join(folder, "qemu-aarch64-static"), EMULATOR);
  else console.error("set-up: it cannot be had: the tests with an emulator are skipped");
  rmSync(folder, { recursive: true, force: true });
}

const TOOLS = join(import.meta.dirname, "../.tools");
const EMULATOR = join(TOOLS, "qemu-aarch64-static");
