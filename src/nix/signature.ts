import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { MalformedError } from "#base/errors.ts";

/** An ed25519 key that signs, with the name that its signatures carry. */
export interface SecretKey {
  readonly name: string;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

export interface PublicKey {
  readonly name: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** A new key of a name from 32 random bytes. */
export function makeSecretKey(name: string, seed: Uint8Array): SecretKey {
  if (name === "" || /[:\s]/.test(name))
    throw new MalformedError("key name", name, "want no colon or space in it");
  if (seed.length !== KEY_BYTES)
    throw new MalformedError("key seed", `${seed.length} bytes`, `want ${KEY_BYTES}`);
  return { name, seed };
}

/** `name:base64` of the seed and the public key, as in a secret key file. */
export function parseSecretKey(text: string): SecretKey {
  const { name, bytes } = parseNamed(text.trim(), "secret key", 2 * KEY_BYTES);
  const key = { name, seed: bytes.subarray(0, KEY_BYTES) };
  if (!bytes.subarray(KEY_BYTES).equals(publicKeyOf(key).bytes))
    throw new MalformedError("secret key", `${name}:…`, "its two halves do not belong together");
  return key;
}

export function formatSecretKey(key: SecretKey): string {
  return formatNamed(key.name, Buffer.concat([key.seed, publicKeyOf(key).bytes]));
}

export function publicKeyOf({ name, seed }: SecretKey): PublicKey & { readonly bytes: Buffer } {
  const spki = createPublicKey(privateKeyObject(seed)).export({ format: "der", type: "spki" });
  return { name, bytes: spki.subarray(SPKI_PREFIX.length) };
}

export function parsePublicKey(text: string): PublicKey {
  return parseNamed(text.trim(), "public key", KEY_BYTES);
}

export function formatPublicKey({ name, bytes }: PublicKey): string {
  return formatNamed(name, bytes);
}

/** The signature `name:base64` of a fingerprint. */
export function signText(key: SecretKey, fingerprint: string): string {
  return formatNamed(key.name, sign(null, Buffer.from(fingerprint), privateKeyObject(key.seed)));
}

/** `cache.example.org-1` of the signature `cache.example.org-1:base64`. */
export function keyNameOf(signature: string): string {
  return signature.slice(0, signature.lastIndexOf(":"));
}

/** How many signatures anything has use for. Each takes its time to verify: no more are, however many were sent. */
export const SIGNATURES_MAX = 1000;

/** Public keys whose signatures count. */
export class TrustedKeys {
  readonly #keys = new Map<string, KeyObject>();

  constructor(keys: Iterable<PublicKey> = []) {
    for (const { name, bytes } of keys)
      this.#keys.set(
        name,
        createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: "der", type: "spki" }),
      );
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Those among `signatures` by a trusted key on this fingerprint. What is no signature counts for nothing. */
  valid(fingerprint: string, signatures: Iterable<string>): string[] {
    const text = Buffer.from(fingerprint);
    let tried = 0;
    return [...signatures].filter((signature) => {
      const cut = signature.indexOf(":");
      const key = cut > 0 ? this.#keys.get(signature.slice(0, cut)) : undefined;
      const bytes = Buffer.from(signature.slice(cut + 1), "base64");
      if (key === undefined || bytes.length !== SIGNATURE_BYTES || ++tried > SIGNATURES_MAX) return false;
      return verify(null, text, key, bytes);
    });
  }
}

function parseNamed(text: string, what: string, size: number): { name: string; bytes: Buffer } {
  const cut = text.indexOf(":");
  // A secret key must not be quoted in an error.
  if (cut <= 0) throw new MalformedError(what, "…", "want NAME:BASE64");
  const name = text.slice(0, cut);
  const bytes = Buffer.from(text.slice(cut + 1), "base64");
  if (bytes.length !== size || !BASE64.test(text.slice(cut + 1)))
    throw new MalformedError(what, `${name}:…`, `want ${size} bytes in base64 after its name`);
  return { name, bytes };
}

function formatNamed(name: string, bytes: Uint8Array): string {
  return `${name}:${Buffer.from(bytes).toString("base64")}`;
}

function privateKeyObject(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What comes before the key in the DER of an ed25519 key. Source: RFC 8410. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
