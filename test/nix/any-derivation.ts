import fc from "fast-check";
import { compareText, decodeText } from "#base/text.ts";
import type { Derivation, DerivationOutput, InputOutputs } from "#nix/derivation.ts";
import { NIX32_ALPHABET } from "#nix/nix32.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";

/** Derivations of every kind, with texts of any bytes. */
export function anyDerivation(): fc.Arbitrary<Derivation> {
  return fc.record(
    {
      name: anyName(),
      outputs: anyOutputs(),
      inputSources: fc.array(anyStorePath(), { maxLength: 4 }).map(sorted),
      inputDerivations: fc
        .array(fc.tuple(anyStorePath(".drv"), anyInputOutputs()), { maxLength: 4 })
        .map(sortedMap),
      system: fc.oneof(fc.constantFrom("x86_64-linux", "builtin", "aarch64-darwin", ""), anyText()),
      builder: anyText(),
      args: fc.array(anyText(), { maxLength: 4 }),
      env: fc.array(fc.tuple(anyText(), anyText()), { maxLength: 6 }).map(sortedMap),
    },
    PLAIN,
  );
}

/** Any bytes, as text. */
export function anyText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => text.isWellFormed()),
    fc.uint8Array({ maxLength: 12 }).map(decodeText),
    fc.string({ unit: fc.constantFrom('"', "\\", "\n", "\r", "\t", "\0", "\b", "a"), maxLength: 12 }),
  );
}

export function anyStorePath(suffix = ""): fc.Arbitrary<StorePath> {
  const hash = fc.string({ unit: fc.constantFrom(...NIX32_ALPHABET), minLength: 32, maxLength: 32 });
  return fc.tuple(hash, anyName()).map(([part, name]) => parseStorePathBaseName(`${part}-${name}${suffix}`));
}

function anyName(): fc.Arbitrary<string> {
  return fc.stringMatching(/^[a-z][a-zA-Z0-9+._?=-]{0,12}$/);
}

function anyOutputs(): fc.Arbitrary<Map<string, DerivationOutput>> {
  const name = fc.constantFrom("out", "dev", "bin", "lib");
  const many = (output: fc.Arbitrary<DerivationOutput>) =>
    fc.array(fc.tuple(name, output), { minLength: 1, maxLength: 4 }).map(sortedMap);
  const made = {
    method: fc.constantFrom("nar", "flat", "git"),
    algorithm: fc.constantFrom("sha256", "sha1"),
  } as const;
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  return fc.oneof(
    many(anyStorePath().map((path) => ({ kind: "input-addressed", path }))),
    many(fc.constant({ kind: "deferred" })),
    many(fc.record({ kind: fc.constant("floating"), ...made }, PLAIN)),
    many(fc.record({ kind: fc.constant("impure"), ...made }, PLAIN)),
    fc.tuple(fc.constantFrom("nar", "flat", "text"), digest).map(([method, bytes]) => {
      const hash = { algorithm: "sha256", digest: Buffer.from(bytes) } as const;
      return new Map([["out", { kind: "fixed", address: { method, hash } }] as const]);
    }),
  ) as fc.Arbitrary<Map<string, DerivationOutput>>;
}

function anyInputOutputs(depth = 0): fc.Arbitrary<InputOutputs> {
  const outputs = fc.array(fc.oneof(anyName(), anyText()), { maxLength: 3 }).map(sorted);
  if (depth === 2) return outputs.map((names) => ({ outputs: names, dynamic: new Map() }));
  const inner = fc.array(fc.tuple(anyName(), anyInputOutputs(depth + 1)), { maxLength: 1 }).map(sortedMap);
  return fc.record({ outputs, dynamic: inner }, PLAIN);
}

function sorted<T extends string>(texts: readonly T[]): T[] {
  return [...new Set(texts)].sort(compareText);
}

function sortedMap<K extends string, V>(entries: readonly (readonly [K, V])[]): Map<K, V> {
  return new Map([...new Map(entries)].sort(([a], [b]) => compareText(a, b)));
}

const PLAIN = { noNullPrototype: true } as const;
