import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { ElsewhereError } from "#base/errors.ts";

/** Cases of each kind: few in `npm test`, many in a nightly run. */
export const FUZZ_RUNS = Number(process.env.ELSEWHERE_FUZZ_RUNS ?? 300);

/** Tells how many cases a test looked at; a nightly run adds them up. */
export function countCases(t: TestContext, count: number): void {
  t.diagnostic(`${count} cases`);
}

/** A decoder that must return or refuse, whatever it is given. */
export interface Decoder {
  readonly name: string;
  readonly decode: (bytes: Buffer) => unknown;
  /** Right inputs, to be cut, changed and mixed. */
  readonly seeds: readonly (string | Buffer)[];
}

/** Gives a decoder noise and its own inputs, cut off, doubled, out of order and changed. */
export async function fuzz(t: TestContext, { decode, seeds }: Decoder, runs = FUZZ_RUNS): Promise<void> {
  const sources = seeds.map((seed) => Buffer.from(seed));
  await fc.assert(
    fc.asyncProperty(mutated(sources), async (bytes) => {
      await returnsOrRefuses(() => decode(bytes));
    }),
    { numRuns: runs },
  );
  countCases(t, runs);
}

/** Throws what is thrown when it is none of the errors that we make: those speak of faults of ours. */
export async function returnsOrRefuses(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ElsewhereError)) throw error;
    assert.ok(error.message.length < MESSAGE_CHARS_MAX, "an error quotes no more than a person can read");
  }
}

/** Inputs that are nearly right: with other bytes in them, parts left out, parts said twice, and plain noise. */
function mutated(seeds: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 3, arbitrary: fc.constantFrom(...SPARKS).map((text) => Buffer.from(text, "latin1")) },
  );
  const changed = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 40 }), piece), { maxLength: 4 }),
    )
    .map(([seed, edits]) => edits.reduce(edit, seed));
  const mixed = fc
    .tuple(fc.constantFrom(...seeds), fc.constantFrom(...seeds), fc.nat(), fc.nat())
    .map(([a, b, at, from]) => Buffer.concat([upTo(a, at), b.subarray(from % (b.length + 1))]));
  const cut = fc.tuple(fc.constantFrom(...seeds), fc.nat()).map(([seed, at]) => upTo(seed, at));
  const noise = fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.concat(pieces));
  return fc.oneof(
    { weight: 5, arbitrary: changed },
    { weight: 2, arbitrary: mixed },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: noise },
  );
}

/** Replaces `length` bytes at a place by others. */
function edit(bytes: Buffer, [at, length, piece]: readonly [number, number, Buffer]): Buffer {
  const place = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), piece, bytes.subarray(place + length)]);
}

function upTo(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(0, at % (bytes.length + 1));
}

/** What parsers trip over. */
const SPARKS = [
  ...[
    "..",
    "/",
    "\0",
    "\n",
    '"',
    "\\",
    "\\u0000",
    "\\ud800",
    "\xff\xfe",
    "\xed\xa0\x80",
    "-",
    "=",
    ":",
    "!",
    "^",
  ],
  ...[
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    "#",
    "@",
    "%",
    "%00",
    "%2e%2e",
    "?",
    "&",
    "__proto__",
    "constructor",
  ],
  ...[
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "18446744073709551616",
    "9007199254740993",
    "sha256:",
    "sha256-",
    "r:",
  ],
  ...["\xff\xff\xff\xff\xff\xff\xff\xff", "\0\0\0\0\0\0\0\x80", "\0\0\0\x04\0\0\0\0"],
];
const MESSAGE_CHARS_MAX = 20_000;
