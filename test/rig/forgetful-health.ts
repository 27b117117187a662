import { type BuilderHealth, EMPTY_PAGE } from "#build/engine/site/builder-book.ts";

/** For runs that shall not remember. */
export const forgetfulHealth: BuilderHealth = {
  backOff: () => undefined,
  failed: () => undefined,
  recovered: () => undefined,
  noteFailure: () => undefined,
  pageOf: () => EMPTY_PAGE,
  onChange: () => ({ [Symbol.dispose]: () => undefined }),
};
