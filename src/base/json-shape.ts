import { ElsewhereError } from "./errors.ts";

/** Reads one kind of value from parsed JSON. `where` names the place in errors: `planned.builds.3`. */
export type Shape<T> = (value: unknown, where: string) => T;

/** A shape for each field of `T`; one that may be absent is declared by `optional`. */
export type Fields<T> = {
  readonly [F in keyof T]-?: object extends Pick<T, F> ? Shape<T[F] | undefined> : Shape<T[F]>;
};

/** An object with these fields; those that it has besides are left out. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const shapes = Object.entries(fields) as [string, Shape<unknown>][];
  return (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new JsonShapeError(where, "an object", value);
    const found: Record<string, unknown> = {};
    for (const [name, shape] of shapes) {
      const given = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      const field = shape(given, `${where}.${name}`);
      if (field !== undefined) found[name] = field;
    }
    return found as T;
  };
}

export const text: Shape<string> = (value, where) => {
  if (typeof value !== "string") throw new JsonShapeError(where, "a text", value);
  return value;
};

export const number: Shape<number> = (value, where) => {
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new JsonShapeError(where, "a number", value);
  return value;
};

export const whole: Shape<number> = (value, where) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new JsonShapeError(where, "a whole number", value);
  return value as number;
};

export const flag: Shape<boolean> = (value, where) => {
  if (typeof value !== "boolean") throw new JsonShapeError(where, "true or false", value);
  return value;
};

export function literal<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, where) => {
    if (!words.includes(value as T)) throw new JsonShapeError(where, words.join(" or "), value);
    return value as T;
  };
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined ? undefined : shape(value, where));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new JsonShapeError(where, "a list", value);
    return value.map((item, index) => shape(item, `${where}.${index}`));
  };
}

/** An object as a map, in the order in which JSON has it. */
export function mapOf<T>(shape: Shape<T>): Shape<Map<string, T>> {
  return (value, where) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new JsonShapeError(where, "an object", value);
    return new Map(Object.entries(value).map(([key, item]) => [key, shape(item, `${where}.${key}`)]));
  };
}

/** One of several objects, told apart by their field `kind`: for each kind its other fields. */
export function byKind<T extends { readonly kind: string }>(
  kinds: {
    readonly [K in T["kind"]]: Fields<Omit<Extract<T, { kind: K }>, "kind">>;
  },
): Shape<T> {
  const shapes = new Map(
    Object.entries<Fields<object>>(kinds).map(([kind, fields]) => [kind, object(fields)]),
  );
  return (value, where) => {
    const kind = (value as { kind?: unknown } | null | undefined)?.kind;
    const shape = shapes.get(String(kind));
    if (!shape) throw new JsonShapeError(`${where}.kind`, "one that is known", kind);
    return { kind, ...shape(value, String(kind)) } as unknown as T;
  };
}

/** JSON that does not have the form that was wanted. */
class JsonShapeError extends ElsewhereError {
  override readonly name = "JsonShapeError";

  constructor(where: string, wanted: string, found: unknown) {
    const shown = JSON.stringify(found)?.slice(0, FOUND_CHARS_MAX) ?? "nothing";
    super("MALFORMED", `Cannot read ${where}: want ${wanted}, found ${shown}`);
  }
}

const FOUND_CHARS_MAX = 100;
