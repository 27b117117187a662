import { list, mapOf, object, optional, text, whole } from "#base/json-shape.ts";
import { scoreShape, verdictShape } from "#build/event-json.ts";
import type { Placement } from "./record.ts";

/** A placement as JSON, as the ledger keeps it. */
export function formatPlacement(placement: Placement): string {
  return JSON.stringify({ ...placement, faults: Object.fromEntries(placement.faults) });
}

export function parsePlacement(json: string): Placement {
  return shape(JSON.parse(json), "placement");
}

const shape = object<Placement>({
  score: scoreShape,
  others: list(verdictShape),
  faults: mapOf(text),
  cores: optional(whole),
});
