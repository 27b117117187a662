import { ElsewhereError } from "#base/errors.ts";

/** One `name = value` of a configuration, the value's spaces made single. */
export interface ConfLine {
  readonly name: string;
  readonly value: string;
  /** Where it is written: a file, or what stands for one, and the line from 1. */
  readonly file: string;
  readonly line: number;
}

export interface ConfOptions {
  /** What the text is: an absolute path, or `NIX_CONFIG`. Included files are relative to its folder. */
  readonly file: string;
  /** Contents of a file; undefined where there is none. */
  readonly readFile: (path: string) => string | undefined;
}

/** Reads nix.conf, with the files that it includes in their place. Source: Nix manual, "nix.conf". */
export function parseConf(text: string, options: ConfOptions, depth = 0): ConfLine[] {
  if (depth > INCLUDE_DEPTH_MAX)
    throw new ElsewhereError(
      "CONF_INCLUDE",
      `Cannot read '${options.file}': it includes itself, or too many others`,
    );
  return text.split("\n").flatMap((whole, index) => {
    const at: Place = { file: options.file, line: index + 1 };
    const words = whole
      .replace(/#.*$/s, "")
      .split(/[ \t\n\r]+/)
      .filter((word) => word !== "");
    const [first, second] = words;
    if (first === undefined) return [];
    if (first === "include" || first === "!include") {
      if (second === undefined || words.length !== 2) throw new ConfError(at, `want '${first} FILE'`);
      return include(at, second, { ...options, optional: first === "!include" }, depth);
    }
    if (second !== "=") throw new ConfError(at, `want 'NAME = VALUE', not '${whole.trim()}'`);
    return [{ name: first, value: words.slice(2).join(" "), ...at }];
  });
}

/** A configuration at fault, with the line that it is on. */
export class ConfError extends ElsewhereError {
  override readonly name = "ConfError";
  constructor({ file, line }: Place, why: string) {
    super("BAD_CONF", `Cannot read the configuration at ${file}:${line}: ${why}`);
  }
}

interface Place {
  readonly file: string;
  readonly line: number;
}

function include(
  at: Place,
  path: string,
  options: ConfOptions & { optional: boolean },
  depth: number,
): ConfLine[] {
  const file = path.startsWith("/") ? path : `${folderOf(at.file)}${path}`;
  const text = options.readFile(file);
  if (text !== undefined) return parseConf(text, { ...options, file }, depth + 1);
  if (options.optional) return [];
  throw new ConfError(at, `'${file}', which it includes, does not exist`);
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/") + 1);
}

/** Files within files. */
const INCLUDE_DEPTH_MAX = 16;
