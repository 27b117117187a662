import { Buffer } from "node:buffer";

export type KeyKind = "plain" | "encrypted" | "public" | "other";

/** What a key file holds. Sources: OpenSSH `PROTOCOL.key`, RFC 1421, RFC 5958. */
export function kindOfKey(text: string): KeyKind {
  const block = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----\s+([^-]*)/.exec(text.slice(0, KEY_CHARS_MAX));
  if (!block) return PUBLIC.test(text) ? "public" : "other";
  const [, form, body] = block as unknown as [string, string, string];
  if (form === "OPENSSH ")
    return isNone(Buffer.from(body.replaceAll(/\s/g, ""), "base64")) ? "plain" : "encrypted";
  return form === "ENCRYPTED " || /^Proc-Type: 4,ENCRYPTED/m.test(text) ? "encrypted" : "plain";
}

/** Whether the cipher that follows the magic is called `none`. */
function isNone(bytes: Buffer): boolean {
  const name = bytes.subarray(MAGIC.length, MAGIC.length + 8);
  return name.equals(Buffer.from("\0\0\0\x04none"));
}

const MAGIC = "openssh-key-v1\0";
const PUBLIC = /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]/;
/** Far above any key. */
const KEY_CHARS_MAX = 64 * 1024;
