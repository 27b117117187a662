import { readFileSync } from "node:fs";

/** The version in package.json, which lies two folders up in a checkout and one up beside a bundle. */
export function readVersion(): string {
  for (const place of ["../../package.json", "../package.json"]) {
    try {
      const found = JSON.parse(readFileSync(new URL(place, import.meta.url), "utf8"));
      if (found.name === "elsewhere") return String(found.version);
    } catch {}
  }
  return "unknown";
}
