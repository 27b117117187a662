/** Everything on the wire takes a multiple of this, in bytes. */
export const ALIGNMENT = 8;

/** Bytes that a string of `size` bytes takes with its padding. */
export function paddedLength(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
