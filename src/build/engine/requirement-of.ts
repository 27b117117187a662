import type { Derivation } from "#nix/derivation.ts";
import type { Requirement } from "#schedule/requirement.ts";

/** What a derivation asks of a machine; where it has structured attributes, they hold it. */
export function requirementOf({ system, env }: Derivation): Requirement {
  const json = env.get("__json");
  const attributes = json === undefined ? undefined : parseAttributes(json);
  if (attributes)
    return {
      system,
      features: features(attributes.requiredSystemFeatures),
      preferLocal: attributes.preferLocalBuild === true,
    };
  return {
    system,
    features: features(env.get("requiredSystemFeatures")),
    preferLocal: env.get("preferLocalBuild") === "1",
  };
}

function features(value: unknown): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.map(String))].sort();
  if (typeof value !== "string") return [];
  return [...new Set(value.split(/[ \t\n\r]+/).filter((word) => word !== ""))].sort();
}

function parseAttributes(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
