import { flag, mapOf, number, object, optional, text, whole } from "#base/json-shape.ts";
import {
  type BuilderFault,
  type BuilderPage,
  EMPTY_PAGE,
  type MachineFacts,
  type ProbeFinding,
} from "../engine/site/builder-book.ts";

/** A page of the builder book as JSON. */
export function formatPage(page: BuilderPage): string {
  return JSON.stringify({ ...page, probes: Object.fromEntries(page.probes) });
}

/** Of a page that cannot be read, such as one of a later version, nothing is known. */
export function parsePage(json: string): BuilderPage {
  try {
    return shape(JSON.parse(json), "page");
  } catch {
    return EMPTY_PAGE;
  }
}

const shape = object<BuilderPage>({
  fault: optional(object<BuilderFault>({ failures: whole, untilMs: number, message: text })),
  lastFailure: optional(object({ atMs: number, message: text })),
  drained: optional(object({ sinceMs: number, by: text })),
  machine: optional(
    object<MachineFacts>({
      atMs: number,
      cores: optional(number),
      memoryBytes: optional(number),
      freeMemoryBytes: optional(number),
      freeDiskBytes: optional(number),
    }),
  ),
  speed: optional(object({ factor: number, builds: whole, atMs: number })),
  probes: mapOf(
    object<ProbeFinding>({
      atMs: number,
      passed: flag,
      durationMs: optional(number),
      machine: optional(text),
      emulated: optional(flag),
      kvmUsable: optional(flag),
      message: optional(text),
    }),
  ),
});
