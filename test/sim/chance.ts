/** Numbers from 0 up to 1 that look random and are the same for the same words: no state, so no order matters. */
export function chance(...words: readonly (string | number)[]): number {
  let hash = 2166136261;
  for (const char of words.join("\0")) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  // Finishing of MurmurHash3, by Austin Appleby.
  hash = Math.imul(hash ^ (hash >>> 16), 2246822507);
  hash = Math.imul(hash ^ (hash >>> 13), 3266489909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Of a log-normal distribution: half of all below `median`, two thirds within a factor of e^`spread` of it. */
export function logNormal(
  { median, spread, max }: { median: number; spread: number; max: number },
  ...words: readonly (string | number)[]
): number {
  const [u, v] = [1 - chance("u", ...words), chance("v", ...words)];
  const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  return Math.min(max, median * Math.exp(spread * normal));
}
