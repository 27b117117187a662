/** Whether an address is of a network that macOS asks leave for. Sources: RFC 1918, RFC 3927, RFC 4193. */
export function isLocalNetwork(address: string): boolean {
  return PRIVATE.test(address);
}

const PRIVATE =
  /^(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|fe[89ab][0-9a-f]:|f[cd][0-9a-f]{2}:)/i;
