import { createReadStream, existsSync } from "node:fs";
import { Command } from "commander";
import { ByteReader, type ByteSource } from "#base/byte-reader.ts";
import { ElsewhereError } from "#base/errors.ts";
import { assertIsFile } from "#build/input/given-file.ts";
import { decodeNarListing, findInListing, listingToJson, type NarListing } from "#nix/nar/listing.ts";
import { dumpPath } from "#store/nar/dump-path.ts";
import { restorePath } from "#store/nar/restore-path.ts";
import type { CommandContext } from "../command-context.ts";

/** `elsewhere nar`: Nix archives without a store. */
export function command(context: CommandContext): Command {
  return new Command("nar")
    .description("Make, unpack and look into Nix archives (NARs). '-' is standard input.")
    .addCommand(
      new Command("dump")
        .aliases(["pack", "dump-path"])
        .description("write a file, symlink or directory as a NAR to standard output")
        .argument("<path>")
        .action((path: string) => writeAll(context, dumpPath(path))),
    )
    .addCommand(
      new Command("restore")
        .description("unpack a NAR from standard input, or from FILE")
        .argument("<target>", "must not exist")
        .argument("[file]", "the NAR", "-")
        .action((target: string, file: string) => restore(target, file)),
    )
    .addCommand(
      new Command("ls")
        .description("list what a NAR holds")
        .argument("<file>", "the NAR")
        .argument("[path]", "a path within it", "/")
        .option("-R, --recursive", "all that lies below")
        .option("-l, --long", "with kinds and sizes")
        .option("-d, --directory", "the directory itself, not what it holds")
        .option("--json", "as JSON, with offsets of contents")
        .action((file: string, path: string, flags: ListFlags) => list(context, { file, path, flags })),
    )
    .addCommand(
      new Command("cat")
        .description("write the contents of one file within a NAR to standard output")
        .argument("<file>", "the NAR")
        .argument("<path>", "a path within it")
        .action((file: string, path: string) => cat(context, file, path)),
    )
    .addHelpText(
      "after",
      `
Examples:
  elsewhere nar dump ./result > result.nar
  elsewhere nar ls -lR result.nar
  elsewhere nar cat result.nar /bin/hello > hello
  elsewhere nar restore ./copy < result.nar`,
    );
}

interface ListFlags {
  readonly recursive?: boolean;
  readonly long?: boolean;
  readonly directory?: boolean;
  readonly json?: boolean;
}

async function writeAll({ terminal }: CommandContext, source: ByteSource): Promise<void> {
  for await (const chunk of source) await terminal.print(chunk);
}

async function restore(target: string, file: string): Promise<void> {
  if (existsSync(target))
    throw new ElsewhereError("EXISTS", `Cannot unpack to '${target}': it exists already`, {
      hint: "name a target that does not exist, or remove it first",
    });
  await restorePath(open(file), target);
}

async function list(
  { terminal }: CommandContext,
  { file, path, flags }: { file: string; path: string; flags: ListFlags },
): Promise<void> {
  const root = await new ByteReader(open(file), file).read(decodeNarListing());
  const found = lookUp(root, path, file);
  if (flags.json) {
    const json = listingToJson(found, { recursive: flags.recursive === true });
    return terminal.print(`${JSON.stringify(json)}\n`);
  }
  const entries =
    flags.directory || found.type !== "directory" ? [[path, found] as const] : children(found, flags);
  for (const [name, entry] of entries) await terminal.print(`${flags.long ? describe(entry) : ""}${name}\n`);
}

/** Depth first, in the NAR's order, with a stack of its own: a NAR may be deeper than the call stack. */
function* children(root: NarListing, { recursive }: ListFlags): Generator<readonly [string, NarListing]> {
  const stack = entriesOf("", root).reverse();
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [name, entry] = next;
    yield [name, entry];
    if (recursive) stack.push(...entriesOf(name, entry).reverse());
  }
}

function entriesOf(prefix: string, listing: NarListing): [string, NarListing][] {
  if (listing.type !== "directory") return [];
  return [...listing.entries].map(([name, entry]) => [`${prefix}/${name}`, entry]);
}

function describe(entry: NarListing): string {
  const size = entry.type === "regular" ? String(entry.size) : "0";
  return `${modeOf(entry)} ${size.padStart(20)} `;
}

function modeOf(entry: NarListing): string {
  if (entry.type === "regular") return entry.executable ? "-r-xr-xr-x" : "-r--r--r--";
  return entry.type === "symlink" ? "lrwxrwxrwx" : "dr-xr-xr-x";
}

async function cat(context: CommandContext, file: string, path: string): Promise<void> {
  if (file === "-") throw new ElsewhereError("USAGE", "Cannot read standard input twice: name a file");
  const root = await new ByteReader(open(file), file).read(decodeNarListing());
  const found = lookUp(root, path, file);
  if (found.type !== "regular")
    throw new ElsewhereError("NOT_A_FILE", `Cannot print '${path}' of ${file}: it is a ${found.type}`);
  if (found.size === 0) return;
  const start = found.narOffset ?? 0;
  await writeAll(context, createReadStream(file, { start, end: start + found.size - 1 }));
}

function lookUp(root: NarListing, path: string, file: string): NarListing {
  const found = findInListing(root, path);
  if (!found) throw new ElsewhereError("NOT_IN_NAR", `Cannot find '${path}' in ${file}`);
  return found;
}

function open(file: string): ByteSource {
  if (file === "-") return process.stdin;
  assertIsFile(file);
  return createReadStream(file, { highWaterMark: READ_BYTES });
}

const READ_BYTES = 1 << 20;
