import { nothing } from "../codec/derive.ts";
import { addOperations } from "./add-operations.ts";
import { buildOperations } from "./build-operations.ts";
import { clientSettings } from "./client-settings.ts";
import { obsoleteOperations } from "./obsolete-operations.ts";
import { type Operation, operation } from "./operation.ts";
import { queryOperations } from "./query-operations.ts";
import { rootOperations } from "./root-operations.ts";

/** Every operation of the worker protocol that we know. Source: Nix, `WorkerProto::Op`. */
export const operations = {
  ...queryOperations,
  ...addOperations,
  ...buildOperations,
  ...rootOperations,
  ...obsoleteOperations,
  setOptions: operation("SetOptions", 19, { request: clientSettings, reply: nothing }),
} as const;

export type OperationKey = keyof typeof operations;

/** The operation that a client's number stands for. */
export const operationsByCode: ReadonlyMap<number, Operation<unknown, unknown>> = new Map(
  Object.values(operations).map((known) => [known.code, known as Operation<unknown, unknown>]),
);
