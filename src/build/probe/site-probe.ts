import { randomBytes } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import type { BuilderBook } from "../engine/site/builder-book.ts";
import type { SiteProbe } from "../engine/site/site.ts";

/** Really builds on a builder, for each of its systems; it passes when one was built for. What is found is in the book. */
export function siteProbe(book: BuilderBook, clock: Clock): SiteProbe {
  return async (site, connected, signal) => {
    // Most runs need no probe, and begin sooner without what makes one.
    const { probeBuilder } = await import("./probe-builder.ts");
    const findings = await probeBuilder(site, connected, { book, clock, signal, nonce: newNonce });
    return [...findings.values()].some(({ passed }) => passed);
  };
}

/** A word that no probe had before. */
export function newNonce(): string {
  return randomBytes(12).toString("hex");
}
