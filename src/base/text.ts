import { Buffer, isUtf8 } from "node:buffer";

/**
 * Bytes as text, losslessly: valid UTF-8 becomes ordinary text, and in anything else each byte that is
 * not ASCII becomes the lone surrogate U+DC00 + byte. Nix strings and file names are bytes, not text.
 */
export function decodeText(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  const latin1 = buffer.toString("latin1");
  if (!NON_ASCII.test(latin1)) return latin1;
  if (isUtf8(buffer)) return buffer.toString("utf8");
  return latin1.replace(NON_ASCII_ALL, (char: string) =>
    String.fromCharCode(ESCAPE_BASE + char.charCodeAt(0)),
  );
}

/** The bytes of a text that `decodeText` made, or of any other text. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  return Buffer.concat(text.split(ESCAPED).map(encodePiece));
}

/** Length in bytes of `encodeText(text)`. */
export function textByteLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text, "utf8") : encodeText(text).length;
}

/** Orders texts as Nix does, by their bytes. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (NON_ASCII.test(a) || NON_ASCII.test(b)) return Buffer.compare(encodeText(a), encodeText(b));
  return a < b ? -1 : 1;
}

/** The same bytes seen as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function encodePiece(piece: string): Buffer {
  const code = piece.charCodeAt(0);
  const isEscape = piece.length === 1 && code >= ESCAPE_BASE + 0x80 && code <= ESCAPE_BASE + 0xff;
  return isEscape ? Buffer.of(code - ESCAPE_BASE) : Buffer.from(piece, "utf8");
}

const NON_ASCII = /[^\x00-\x7f]/;
const NON_ASCII_ALL = /[\x80-\xff]/g;
const ESCAPE_BASE = 0xdc00;
/** A lone surrogate that stands for a byte; capturing, so that `split` keeps it. */
const ESCAPED = /((?<![\ud800-\udbff])[\udc80-\udcff])/;
