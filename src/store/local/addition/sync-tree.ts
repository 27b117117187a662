import { closeSync, constants, fsyncSync, lstatSync, openSync, readdirSync } from "node:fs";

/** Waits until a tree is on the disk. */
export function syncTree(root: string): void {
  const waiting: Buffer[] = [Buffer.from(root)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) continue;
    if (stats.isDirectory())
      for (const name of readdirSync(path, { encoding: "buffer" }))
        waiting.push(Buffer.concat([path, Buffer.from("/"), name]));
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
