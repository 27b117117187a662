import { messageOf } from "#base/errors.ts";
import type { Substituter } from "../../substituter.ts";
import type { StoreContext } from "../context.ts";

/** Asks a substituter; one that fails has nothing. */
export async function askSubstituter<T>(
  store: StoreContext,
  { uri }: Substituter,
  question: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    store.settings.report(`substituter '${uri}' cannot be used: ${messageOf(error)}`);
    return undefined;
  }
}
