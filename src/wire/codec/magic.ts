import { Buffer } from "node:buffer";
import { ElsewhereError } from "#base/errors.ts";
import { type Filler, filler, mapped } from "./derive.ts";
import { bits64 } from "./primitives.ts";

/** The number that a `peer` begins with. Anything else is not this protocol. */
export function magic(peer: string, expected: number): Filler {
  const checked = mapped(bits64, {
    parse: (found) => {
      if (found === BigInt(expected)) return found;
      throw new ElsewhereError(
        "PROTOCOL_MISMATCH",
        `Cannot talk to the ${peer}: protocol mismatch, got 0x${found.toString(16)}${asText(found)}`,
        {
          hint: "The remote command must print nothing of its own: look at the login shell's start-up files",
        },
      );
    },
    print: (value: bigint) => value,
  });
  return filler(checked, BigInt(expected));
}

/** Those eight bytes as a person would recognise them, where they are text. */
function asText(found: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(found);
  const text = bytes.toString("latin1");
  return /^[\x09\x0a\x0d\x20-\x7e]+$/.test(text) ? ` ('${text.trim()}')` : "";
}
