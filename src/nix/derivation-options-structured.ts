import { MalformedError } from "#base/errors.ts";
import { compareText } from "#base/text.ts";
import type { DerivationOptions, OutputChecks } from "./derivation-options.ts";
import type { ReferenceReader, ReferenceTarget } from "./derivation-reference.ts";

/** Options inside `__json`. */
export function readStructuredOptions(
  attributes: StructuredReader,
  references: ReferenceReader,
): DerivationOptions {
  const perOutput = new Map<string, OutputChecks>();
  for (const [name, checks] of attributes.objects("outputChecks"))
    perOutput.set(name, readChecks(checks, references));
  return {
    outputChecks: { kind: "per-output", checks: perOutput },
    unsafeDiscardReferences: attributes.flags("unsafeDiscardReferences"),
    passAsFile: new Set(),
    exportReferencesGraph: new Map(
      attributes
        .nestedStrings("exportReferencesGraph")
        .map(([key, paths]) => [key, paths.map((path) => references.read(path))]),
    ),
    additionalSandboxProfile: attributes.string("__sandboxProfile") ?? "",
    noChroot: attributes.flag("__noChroot") ?? false,
    impureHostDeps: attributes.strings("__impureHostDeps") ?? [],
    impureEnvVars: attributes.strings("impureEnvVars") ?? [],
    allowLocalNetworking: attributes.flag("__darwinAllowLocalNetworking") ?? false,
    requiredSystemFeatures: [...new Set(attributes.strings("requiredSystemFeatures") ?? [])].sort(
      compareText,
    ),
    preferLocalBuild: attributes.flag("preferLocalBuild") ?? false,
    allowSubstitutes: attributes.flag("allowSubstitutes") ?? true,
  };
}

function readChecks(checks: StructuredReader, references: ReferenceReader): OutputChecks {
  const targets = (name: string): ReferenceTarget[] | undefined =>
    checks.strings(name)?.map((text) => references.read(text));
  return {
    ignoreSelfReferences: false,
    sizeMax: checks.size("maxSize"),
    closureSizeMax: checks.size("maxClosureSize"),
    allowedReferences: targets("allowedReferences"),
    allowedRequisites: targets("allowedRequisites"),
    disallowedReferences: targets("disallowedReferences") ?? [],
    disallowedRequisites: targets("disallowedRequisites") ?? [],
  };
}

/** A JSON object of a derivation's attributes, read with the types that Nix wants. */
export class StructuredReader {
  readonly #what: string;
  readonly #values: Record<string, unknown>;

  private constructor(what: string, value: unknown) {
    this.#what = what;
    if (!isObject(value)) throw new MalformedError(what, JSON.stringify(value), "want an object");
    this.#values = value;
  }

  static parse(drvName: string, text: string): StructuredReader {
    const what = `structured attributes of derivation '${drvName}'`;
    try {
      return new StructuredReader(what, JSON.parse(text));
    } catch (cause) {
      if (cause instanceof MalformedError) throw cause;
      throw new MalformedError(what, text, "they are no JSON", { cause });
    }
  }

  flag(name: string): boolean | undefined {
    return this.#read(name, (value) => typeof value === "boolean", "a Boolean");
  }

  string(name: string): string | undefined {
    return this.#read(name, (value) => typeof value === "string", "a string");
  }

  strings(name: string): string[] | undefined {
    return this.#read(name, isStrings, "a list of strings");
  }

  /** A number of bytes. */
  size(name: string): number | undefined {
    return this.#read(
      name,
      (value) => Number.isSafeInteger(value) && (value as number) >= 0,
      "a size in bytes",
    );
  }

  objects(name: string): [string, StructuredReader][] {
    return this.#entries(name).map(([key, value]) => [
      key,
      new StructuredReader(`${name}.${key} in ${this.#what}`, value),
    ]);
  }

  flags(name: string): Map<string, boolean> {
    const isFlags = this.#entries(name).every(([, value]) => typeof value === "boolean");
    if (!isFlags) throw this.#fault(name, "an object of Booleans");
    return new Map(this.#entries(name) as [string, boolean][]);
  }

  /** An object whose values are a string, or lists of strings, or lists of such. */
  nestedStrings(name: string): [string, string[]][] {
    return this.#entries(name).map(([key, value]) => {
      const texts = (Array.isArray(value) ? value : [value]).flat(NESTING_MAX);
      if (!isStrings(texts)) throw this.#fault(`${name}.${key}`, "a string or a list of strings");
      return [key, texts];
    });
  }

  #entries(name: string): [string, unknown][] {
    const value = this.#read<Record<string, unknown>>(name, isObject, "an object") ?? {};
    return Object.entries(value).sort(([a], [b]) => compareText(a, b));
  }

  #read<T>(name: string, isRight: (value: unknown) => boolean, want: string): T | undefined {
    if (!Object.hasOwn(this.#values, name)) return undefined;
    const value = this.#values[name];
    if (!isRight(value)) throw this.#fault(name, want);
    return value as T;
  }

  #fault(name: string, want: string): MalformedError {
    return new MalformedError(this.#what, name, `attribute '${name}' must be ${want}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** How deep lists of paths may nest, in levels. */
const NESTING_MAX = 16;
