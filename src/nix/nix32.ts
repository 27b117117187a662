import { Buffer } from "node:buffer";
import { MalformedError } from "#base/errors.ts";

/**
 * Nix's base-32: digits `0-9a-z` without e, o, t, u; the last five bits come first.
 * Source: Nix manual, "Nix32".
 */
export function encodeNix32(bytes: Uint8Array): string {
  let text = "";
  for (let digit = nix32Length(bytes.length) - 1; digit >= 0; digit--) {
    const bit = digit * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    const low = bytes[index]! >> shift;
    const high = index + 1 < bytes.length ? bytes[index + 1]! << (8 - shift) : 0;
    text += ALPHABET[(low | high) & 31];
  }
  return text;
}

/** The `size` bytes that a nix32 text stands for. */
export function decodeNix32(text: string, size: number): Buffer {
  if (text.length !== nix32Length(size))
    throw new MalformedError("nix32", text, `want ${nix32Length(size)} digits`);
  const bytes = Buffer.alloc(size);
  for (let position = 0; position < text.length; position++) {
    const value = VALUES[text.charCodeAt(text.length - 1 - position)] ?? -1;
    if (value < 0)
      throw new MalformedError("nix32", text, `'${text[text.length - 1 - position]}' is no digit`);
    const bit = position * 5;
    const index = bit >> 3;
    const shift = bit & 7;
    bytes[index]! |= (value << shift) & 0xff;
    const carry = value >> (8 - shift);
    if (index + 1 < size) bytes[index + 1]! |= carry;
    else if (carry !== 0) throw new MalformedError("nix32", text, "its first digit is too large");
  }
  return bytes;
}

/** Digits that `size` bytes take. */
export function nix32Length(size: number): number {
  return size === 0 ? 0 : Math.floor((size * 8 - 1) / 5) + 1;
}

/** The digits, in order of their value. */
export const NIX32_ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";

const ALPHABET = [...NIX32_ALPHABET];
const VALUES = (() => {
  const values = new Int8Array(128).fill(-1);
  ALPHABET.forEach((char, value) => {
    values[char.charCodeAt(0)] = value;
  });
  return values;
})();
