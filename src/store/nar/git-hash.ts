import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { ElsewhereError } from "#base/errors.ts";
import type { Hash, HashAlgorithm } from "#nix/hash.ts";
import { Hasher } from "#nix/hasher.ts";

/**
 * The hash of a file, symbolic link or folder as git has it: of a blob, or of a tree that holds the hashes of what lies in it.
 * Source: Nix manual, "Git" of "Content-Addressing File System Objects"; git's object formats.
 */
export async function gitHash(place: string, algorithm: HashAlgorithm): Promise<Hash> {
  if (algorithm !== "sha1" && algorithm !== "sha256")
    throw new ElsewhereError(
      "UNSUPPORTED_METHOD",
      `Cannot hash contents by git's method with ${algorithm}: git has sha1 and sha256`,
    );
  return (await hashNode(Buffer.from(place), algorithm)).hash;
}

interface Node {
  /** Of its entry in a tree: what kind it is. */
  readonly mode: string;
  readonly hash: Hash;
}

/** Recurses as deep as the file system lets folders nest. */
async function hashNode(place: Buffer, algorithm: HashAlgorithm): Promise<Node> {
  const stats = lstatSync(place);
  if (stats.isDirectory()) return { mode: "40000", hash: await hashTree(place, algorithm) };
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(place, { encoding: "buffer" });
    return { mode: "120000", hash: objectHasher("blob", target.length, algorithm).update(target).finish() };
  }
  if (!stats.isFile())
    throw new ElsewhereError(
      "NAR_UNSUPPORTED",
      `Cannot hash '${place}': it is no file, folder or symbolic link`,
    );
  return { mode: stats.mode & 0o100 ? "100755" : "100644", hash: await hashBlob(place, stats, algorithm) };
}

async function hashBlob(place: Buffer, { size }: Stats, algorithm: HashAlgorithm): Promise<Hash> {
  const hasher = objectHasher("blob", size, algorithm);
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, size)));
  await using file = await open(place);
  for (;;) {
    const { bytesRead } = await file.read(chunk);
    if (bytesRead === 0) return hasher.finish();
    hasher.update(chunk.subarray(0, bytesRead));
  }
}

async function hashTree(folder: Buffer, algorithm: HashAlgorithm): Promise<Hash> {
  const entries: { readonly key: Buffer; readonly bytes: Buffer }[] = [];
  for (const name of readdirSync(folder, { encoding: "buffer" })) {
    const { mode, hash } = await hashNode(Buffer.concat([folder, SLASH, name]), algorithm);
    // Folders are sorted as if their names ended so.
    const key = mode === "40000" ? Buffer.concat([name, SLASH]) : name;
    entries.push({ key, bytes: Buffer.concat([Buffer.from(`${mode} `), name, NUL, hash.digest]) });
  }
  entries.sort((a, b) => a.key.compare(b.key));
  const body = Buffer.concat(entries.map(({ bytes }) => bytes));
  return objectHasher("tree", body.length, algorithm).update(body).finish();
}

function objectHasher(kind: "blob" | "tree", size: number, algorithm: HashAlgorithm): Hasher {
  return new Hasher(algorithm).update(Buffer.from(`${kind} ${size}\0`));
}

const SLASH = Buffer.from("/");
const NUL = Buffer.from("\0");
const CHUNK_BYTES = 256 * 1024;
