/** Why a build failed, of what a builder of any version says: without what was built, the end of the log, and what it says to type there. */
export function failureReason(message: string): string {
  const reason = message
    .replace(/^Cannot build '[^']*'\.\nReason: /, "")
    .replace(/^builder for '[^']*' failed/, "builder failed");
  const cut = reason.search(
    /[;.]?\n?\s*(last \d+ log lines|Last \d+ log lines|Output paths|For full logs)[:,]/,
  );
  return cut < 0 ? reason : reason.slice(0, cut);
}
