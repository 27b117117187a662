import { MalformedError } from "#base/errors.ts";
import { formatHash, parseHash } from "#nix/hash.ts";
import type { DrvOutput, Realisation } from "#nix/realisation.ts";
import { parseStorePathBaseName, type StorePath } from "#nix/store-path.ts";
import type { Codec } from "../codec/codec.ts";
import { mapped } from "../codec/derive.ts";
import { text } from "../codec/primitives.ts";

/** As `sha256:<base16>!out`. */
export const drvOutput: Codec<DrvOutput> = mapped(text, { parse: parseDrvOutput, print: printDrvOutput });

/** As JSON in a text. Signatures are written as the texts that every release reads. */
export const realisation: Codec<Realisation> = mapped(text, {
  parse: parseRealisation,
  print: printRealisation,
});

export function printDrvOutput({ drvHash, outputName }: DrvOutput): string {
  return `${formatHash(drvHash, "base16")}!${outputName}`;
}

function parseDrvOutput(found: string): DrvOutput {
  const cut = found.indexOf("!");
  if (cut < 0) throw new MalformedError("derivation output", found, "want <hash>!<output>");
  return { drvHash: parseHash(found.slice(0, cut)), outputName: found.slice(cut + 1) };
}

function printRealisation({ id, outPath, signatures, dependentRealisations }: Realisation): string {
  return JSON.stringify({
    dependentRealisations: Object.fromEntries(
      [...dependentRealisations].sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    id: printDrvOutput(id),
    outPath,
    signatures: [...signatures].sort(),
  });
}

function parseRealisation(found: string): Realisation {
  const json = parseObject(found);
  if (typeof json.id !== "string" || typeof json.outPath !== "string")
    throw new MalformedError("realisation", found, "want the texts 'id' and 'outPath'");
  return {
    id: parseDrvOutput(json.id),
    outPath: parseStorePathBaseName(json.outPath),
    signatures: [...signaturesOf(json.signatures, found)].sort(),
    dependentRealisations: dependenciesOf(json.dependentRealisations, found),
  };
}

function parseObject(found: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(found);
  } catch (cause) {
    throw new MalformedError("realisation", found, "it is no JSON", { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new MalformedError("realisation", found, "want a JSON object");
  return json as Record<string, unknown>;
}

/** `name:base64`, or an object of both as Nix from 2.35 on sends them. */
function signaturesOf(json: unknown, found: string): string[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw new MalformedError("realisation", found, "want a list of signatures");
  return json.map((signature: unknown) => {
    if (typeof signature === "string") return signature;
    const { keyName, sig } = (signature ?? {}) as Record<string, unknown>;
    if (typeof keyName === "string" && typeof sig === "string") return `${keyName}:${sig}`;
    throw new MalformedError("realisation", found, "a signature is no text");
  });
}

function dependenciesOf(json: unknown, found: string): Map<string, StorePath> {
  if (typeof (json ?? {}) !== "object" || Array.isArray(json))
    throw new MalformedError("realisation", found, "want dependent realisations by output");
  return new Map(
    Object.entries((json ?? {}) as Record<string, unknown>).map(([id, path]) => {
      if (typeof path !== "string") throw new MalformedError("realisation", found, "want paths");
      return [id, parseStorePathBaseName(path)];
    }),
  );
}
