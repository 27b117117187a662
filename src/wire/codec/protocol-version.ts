import { ElsewhereError } from "#base/errors.ts";

/** A protocol version as one number: major in the second byte, minor in the first. */
export function packVersion(major: number, minor: number): number {
  return major * 256 + minor;
}

/** The minor version of a peer of the same major. `peer` names it in the error. */
export function minorOf(packed: number, major: number, peer: string): number {
  const found = Math.floor(packed / 256);
  if (found !== major)
    throw new ElsewhereError(
      "PROTOCOL_VERSION",
      `Cannot talk to the ${peer}: it speaks protocol ${found}.${packed % 256}, this program ${major}.x`,
    );
  return packed % 256;
}
