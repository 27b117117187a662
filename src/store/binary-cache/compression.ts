import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import type { ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError, messageOf } from "#base/errors.ts";

/** Bytes unpacked, by the name that a narinfo gives their compression. */
export function decompress(method: string, source: ByteSource): ByteSource {
  if (method === "none" || method === "") return source;
  const codec = CODECS[method];
  if (codec) return through(source, codec.unpack(), `unpack ${method}`);
  const program = PROGRAMS[method];
  if (program) return throughProgram(source, program, "-dc");
  throw unsupported(method);
}

/** Bytes packed. */
export function compress(method: string, source: ByteSource): ByteSource {
  if (method === "none") return source;
  const codec = CODECS[method];
  if (codec) return through(source, codec.pack(), `pack ${method}`);
  const program = PROGRAMS[method];
  if (program) return throughProgram(source, program, "-c");
  throw unsupported(method);
}

/** What a NAR's file name ends with after `.nar`. */
export function extensionOf(method: string): string {
  const extension = EXTENSIONS[method];
  if (extension === undefined) throw unsupported(method);
  return extension;
}

async function* through(source: ByteSource, codec: Duplex, doing: string): ByteSource {
  let failure: unknown;
  // Its failure reaches the reader through the codec, which it destroys.
  const feeding = pipeline(Readable.from(source, { objectMode: true }), codec).catch((cause) => {
    failure = cause;
  });
  try {
    for await (const chunk of codec) yield chunk as Buffer;
  } catch (cause) {
    await feeding;
    throw asOurs(failure ?? cause, doing);
  } finally {
    codec.destroy();
  }
}

async function* throughProgram(source: ByteSource, program: string, option: string): ByteSource {
  const child = spawn(program, [option], { stdio: ["pipe", "pipe", "pipe"] });
  const errors: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(messageOf(error)));
    child.once("close", (code) =>
      resolve(code === 0 ? undefined : Buffer.concat(errors).toString().trim() || `exit status ${code}`),
    );
  });
  let failure: unknown;
  const feeding = pipeline(Readable.from(source, { objectMode: true }), child.stdin).catch((cause) => {
    failure = cause;
    child.kill();
  });
  try {
    yield* child.stdout;
    const [why] = await Promise.all([ended, feeding]);
    if (failure instanceof ElsewhereError) throw failure;
    if (why !== undefined)
      throw new ElsewhereError("COMPRESSION", `Cannot run ${program} ${option}: ${why}`, {
        hint: `Is ${program} installed?`,
      });
  } finally {
    child.kill();
  }
}

function asOurs(cause: unknown, doing: string): ElsewhereError {
  if (cause instanceof ElsewhereError) return cause;
  return new ElsewhereError("COMPRESSION", `Cannot ${doing}: ${messageOf(cause)}`, { cause });
}

function unsupported(method: string): ElsewhereError {
  return new ElsewhereError(
    "COMPRESSION",
    `Cannot read or write NARs with compression '${method}': it is not known here`,
  );
}

interface Codec {
  readonly pack: () => Duplex;
  readonly unpack: () => Duplex;
}

const CODECS: { readonly [method: string]: Codec | undefined } = {
  __proto__: null as never,
  zstd: {
    pack: () => createZstdCompress(),
    // Nix packs with windows up to what level 19 and long mode take.
    unpack: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 27 } }),
  },
  gzip: { pack: () => createGzip(), unpack: () => createGunzip() },
  br: {
    pack: () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
    unpack: () => createBrotliDecompress(),
  },
};

/** Compressions that Node has no codec for, by the program that has. */
const PROGRAMS: { readonly [method: string]: string | undefined } = {
  __proto__: null as never,
  xz: "xz",
  bzip2: "bzip2",
  lzip: "lzip",
  lz4: "lz4",
};

const EXTENSIONS: { readonly [method: string]: string | undefined } = {
  __proto__: null as never,
  none: "",
  zstd: ".zst",
  gzip: ".gz",
  br: ".br",
  xz: ".xz",
  bzip2: ".bz2",
  lzip: ".lzip",
  lz4: ".lz4",
};
