/**
 * The environment of an ssh; undefined where `own` is as good. ssh copies all that it sends between two places that
 * lie nearly the same within a page: by the instruction that glibc chooses, AMD's processors take eight times as long
 * for that as they need. Others than those of glibc do not look at it. Source: glibc bug 30994.
 */
export function fastSshEnvironment(
  processorFacts: string,
  own: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv | undefined {
  if (own.GLIBC_TUNABLES !== undefined || !AMD.test(processorFacts)) return undefined;
  return { ...own, GLIBC_TUNABLES: `glibc.cpu.x86_rep_movsb_threshold=${NEVER_BYTES}` };
}

const AMD = /^vendor_id\s*:\s*AuthenticAMD$/m;
/** Larger than any piece that ssh copies. */
const NEVER_BYTES = 2 ** 32;
