/**
 * JSON without loss: whole numbers are bigints, others are numbers, objects are Maps. Nesting may be deep:
 * nothing that walks one recurses.
 */
export type JsonValue =
  | null
  | boolean
  | string
  | bigint
  | number
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>;
