import { Buffer } from "node:buffer";
import { asBuffer } from "#base/text.ts";

/** BLAKE3 of a stream, 32 bytes long. Source: the BLAKE3 paper, section 2. */
export class Blake3 {
  /** Chaining values of complete subtrees, the largest first. */
  readonly #subtrees: Int32Array[] = [];
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #blockFilled = 0;
  #chaining: Int32Array = IV;
  /** Whole blocks of the current chunk that are compressed. */
  #blocks = 0;
  #chunks = 0;

  update(bytes: Uint8Array): this {
    const input = asBuffer(bytes);
    for (let at = 0; at < input.length; ) {
      // A full block waits until more comes, since the last of a chunk is compressed otherwise.
      if (this.#blockFilled === BLOCK_BYTES) this.#compressBlock();
      const count = Math.min(BLOCK_BYTES - this.#blockFilled, input.length - at);
      input.copy(this.#block, this.#blockFilled, at, at + count);
      this.#blockFilled += count;
      at += count;
    }
    return this;
  }

  digest(): Buffer {
    let node = this.#chunkEnd();
    for (const left of this.#subtrees.toReversed()) node = parent(left, chainingOf(node));
    const words = compress({ ...node, flags: node.flags | ROOT });
    const digest = Buffer.alloc(DIGEST_BYTES);
    for (let i = 0; i < DIGEST_BYTES / 4; i++) digest.writeInt32LE(words[i]!, i * 4);
    return digest;
  }

  #compressBlock(): void {
    if (this.#blocks === BLOCKS_PER_CHUNK - 1) {
      this.#addChunk(chainingOf(this.#chunkEnd()));
      this.#chaining = IV;
      this.#blocks = 0;
    } else {
      this.#chaining = chainingOf(this.#node(this.#startFlag()));
      this.#blocks++;
    }
    this.#blockFilled = 0;
  }

  /** Joins subtrees of equal size, of which there are as many as the count of chunks ends in zero bits. */
  #addChunk(chaining: Int32Array): void {
    this.#chunks++;
    let joined = chaining;
    for (let count = this.#chunks; count % 2 === 0; count /= 2)
      joined = chainingOf(parent(this.#subtrees.pop()!, joined));
    this.#subtrees.push(joined);
  }

  #chunkEnd(): Node {
    this.#block.fill(0, this.#blockFilled);
    return this.#node(this.#startFlag() | CHUNK_END);
  }

  #startFlag(): number {
    return this.#blocks === 0 ? CHUNK_START : 0;
  }

  #node(flags: number): Node {
    const words = new Int32Array(16);
    for (let i = 0; i < 16; i++) words[i] = this.#block.readInt32LE(i * 4);
    return { chaining: this.#chaining, words, counter: this.#chunks, length: this.#blockFilled, flags };
  }
}

/** One use of the compression function, before it is made. */
interface Node {
  readonly chaining: Int32Array;
  readonly words: Int32Array;
  readonly counter: number;
  readonly length: number;
  readonly flags: number;
}

function parent(left: Int32Array, right: Int32Array): Node {
  const words = new Int32Array(16);
  words.set(left);
  words.set(right, 8);
  return { chaining: IV, words, counter: 0, length: BLOCK_BYTES, flags: PARENT };
}

function chainingOf(node: Node): Int32Array {
  return compress(node).subarray(0, 8);
}

function compress({ chaining, words, counter, length, flags }: Node): Int32Array {
  const v = new Int32Array(16);
  v.set(chaining);
  v.set(IV.subarray(0, 4), 8);
  v[12] = counter;
  v[13] = Math.floor(counter / 2 ** 32);
  v[14] = length;
  v[15] = flags;
  for (const order of ROUNDS) round(v, words, order);
  for (let i = 0; i < 8; i++) {
    v[i]! ^= v[i + 8]!;
    v[i + 8]! ^= chaining[i]!;
  }
  return v;
}

/** Mixes the columns and then the diagonals. */
function round(v: Int32Array, words: Int32Array, order: Uint8Array): void {
  mix(v, 0, 4, 8, 12, words[order[0]!]!, words[order[1]!]!);
  mix(v, 1, 5, 9, 13, words[order[2]!]!, words[order[3]!]!);
  mix(v, 2, 6, 10, 14, words[order[4]!]!, words[order[5]!]!);
  mix(v, 3, 7, 11, 15, words[order[6]!]!, words[order[7]!]!);
  mix(v, 0, 5, 10, 15, words[order[8]!]!, words[order[9]!]!);
  mix(v, 1, 6, 11, 12, words[order[10]!]!, words[order[11]!]!);
  mix(v, 2, 7, 8, 13, words[order[12]!]!, words[order[13]!]!);
  mix(v, 3, 4, 9, 14, words[order[14]!]!, words[order[15]!]!);
}

// Takes what it mixes one by one: as a list it is several times slower.
function mix(v: Int32Array, a: number, b: number, c: number, d: number, x: number, y: number): void {
  let va = (v[a]! + v[b]! + x) | 0;
  let vb = v[b]!;
  let vc = v[c]!;
  let vd = v[d]!;
  vd = rotate(vd ^ va, 16);
  vc = (vc + vd) | 0;
  vb = rotate(vb ^ vc, 12);
  va = (va + vb + y) | 0;
  vd = rotate(vd ^ va, 8);
  vc = (vc + vd) | 0;
  v[a] = va;
  v[b] = rotate(vb ^ vc, 7);
  v[c] = vc;
  v[d] = vd;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;
const BLOCKS_PER_CHUNK = 16;
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
/** The first words of SHA-256 too. */
const IV: Int32Array = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
);
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** Which words each of the seven rounds takes, in order. */
const ROUNDS = (() => {
  const rounds = [Array.from({ length: 16 }, (_, i) => i)];
  while (rounds.length < 7) rounds.push(PERMUTATION.map((from) => rounds.at(-1)![from]!));
  return rounds.map((order) => Uint8Array.from(order));
})();
