import { spawn } from "node:child_process";
import { ElsewhereError } from "#base/errors.ts";
import type { OutputsSpec } from "#nix/derived-path.ts";
import { parseStorePath, type StoreDir, type StorePath } from "#nix/store-path.ts";

/** What is handed to Nix as it is. */
export interface EvaluateOptions {
  /** `-f FILE`, or undefined. */
  readonly file?: string | undefined;
  /** `-E EXPRESSION`, or undefined. */
  readonly expression?: string | undefined;
  /** Words such as `--argstr tag x`, `--impure`, `--system aarch64-linux`. */
  readonly arguments: readonly string[];
  /** The store that Nix writes `.drv` files to; undefined for its own choice. */
  readonly store?: string | undefined;
  readonly storeDir: StoreDir;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Takes what Nix says while it evaluates. */
  readonly say: (text: string) => void;
}

/** A derivation that an expression turned out to be, with the outputs that it stands for. */
export interface Evaluated {
  readonly drvPath: StorePath;
  readonly outputs: OutputsSpec;
}

/** Evaluates attributes of a file or expression with `nix-instantiate`. No attribute: the whole of it. */
export async function evaluateFile(
  attributes: readonly string[],
  options: EvaluateOptions,
): Promise<Evaluated[]> {
  const source = options.expression === undefined ? [options.file!] : ["--expr", options.expression];
  const selected = attributes.flatMap((attribute) => ["-A", attribute]);
  const args = ["--quiet", ...storeArguments(options), ...options.arguments, ...source, ...selected];
  const printed = await runNix("nix-instantiate", args, options);
  return printed
    .split("\n")
    .filter((line) => line.startsWith("/"))
    .map((line) => {
      const [path, output] = line.split("!");
      return { drvPath: parseStorePath(options.storeDir, path!), outputs: [output ?? "out"] };
    });
}

/** Evaluates flake installables with `nix build --dry-run`, which also says their usual outputs. */
export async function evaluateFlakes(
  flakes: readonly string[],
  options: EvaluateOptions,
): Promise<Evaluated[]> {
  const args = [
    ...["build", "--dry-run", "--json", "--no-link", "--option", "substitute", "false"],
    ...["--extra-experimental-features", "nix-command flakes", "--option", "builders", ""],
    ...storeArguments(options),
    ...options.arguments,
    ...flakes,
  ];
  const parsed: unknown = JSON.parse(await runNix("nix", args, options));
  if (!Array.isArray(parsed))
    throw new ElsewhereError("EVALUATION", "Cannot read what 'nix build --json' printed");
  const evaluated = parsed.map((entry: { drvPath?: string; outputs?: Record<string, unknown> }) => {
    if (typeof entry.drvPath !== "string")
      throw new ElsewhereError(
        "NOT_A_DERIVATION",
        `Cannot build ${flakes.join(" ")}: it is not a derivation`,
      );
    const drvPath = parseStorePath(options.storeDir, entry.drvPath);
    return { drvPath, outputs: Object.keys(entry.outputs ?? { out: "" }).sort() };
  });
  return evaluated;
}

function storeArguments({ store }: EvaluateOptions): readonly string[] {
  return store === undefined ? [] : ["--store", store];
}

async function runNix(program: string, args: readonly string[], options: EvaluateOptions): Promise<string> {
  const { env, signal, say } = options;
  const child = spawn(program, args, { env: { ...env }, signal, stdio: ["ignore", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const heard: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    heard.push(text);
    if (heard.length > HEARD_MAX) heard.shift();
    say(text);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? noNix(program, error) : error),
    );
    child.on("close", resolve);
  });
  if (code === 0) return Buffer.concat(out).toString("utf8");
  throw new ElsewhereError("EVALUATION", `Cannot evaluate: ${program} says\n${heard.join("").trim()}`);
}

function noNix(program: string, cause: Error): ElsewhereError {
  return new ElsewhereError(
    "NIX_MISSING",
    `Cannot evaluate: there is no '${program}' on this machine's PATH`,
    {
      hint: "evaluation needs Nix; without it, give a .drv file or derivation JSON that Nix made elsewhere",
      cause,
    },
  );
}

/** Chunks of Nix's words that an error repeats. */
const HEARD_MAX = 200;
