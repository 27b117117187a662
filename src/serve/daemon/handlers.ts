import { type OperationKey, operations } from "#wire/daemon/operations.ts";
import { additionHandlers } from "./additions.ts";
import { buildHandlers } from "./builds.ts";
import type { Call, Handlers } from "./call.ts";
import { obsoleteHandlers } from "./obsolete.ts";
import { queryHandlers } from "./queries.ts";
import { rootHandlers } from "./roots.ts";
import { settingHandlers } from "./set-options.ts";

/** Who carries out each operation. The compiler refuses this table when one is missing. */
const handlers: Handlers = {
  ...queryHandlers,
  ...additionHandlers,
  ...buildHandlers,
  ...rootHandlers,
  ...obsoleteHandlers,
  ...settingHandlers,
};

/** A handler whose operation is known by its code alone. */
export type AnyHandler = (call: Call<unknown>) => Promise<unknown>;

export const handlersByCode: ReadonlyMap<number, AnyHandler> = new Map(
  (Object.keys(handlers) as OperationKey[]).map(
    (key) => [operations[key].code, handlers[key] as AnyHandler] as const,
  ),
);
