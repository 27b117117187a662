import { applyPatch, createTwoFilesPatch, FILE_HEADERS_ONLY, parsePatch, reversePatch } from "diff";

/** What changes in a file, as `diff -u` shows it; a file that is not there is `/dev/null`. */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): string {
  return createTwoFilesPatch(
    before === undefined ? "/dev/null" : path,
    after === undefined ? "/dev/null" : path,
    before ?? "",
    after ?? "",
    undefined,
    undefined,
    { context: CONTEXT_LINES, headerOptions: FILE_HEADERS_ONLY },
  );
}

/**
 * `current` without the change from `before` to `after`, where others changed other lines since; undefined
 * where they changed the same ones.
 */
export function takeBack(current: string, before: string, after: string): string | undefined {
  if (current === after) return before;
  const [patch] = parsePatch(
    createTwoFilesPatch("a", "b", before, after, undefined, undefined, { context: CONTEXT_LINES }),
  );
  const taken = applyPatch(current, reversePatch(patch!), { fuzzFactor: 0 });
  return taken === false ? undefined : taken;
}

const CONTEXT_LINES = 2;
