import type { MachineEntry } from "./entry.ts";
import { kindOfWord } from "./word-kind.ts";

/**
 * The line that was meant, as far as each word can only be one thing: systems, a key's path, numbers in their order,
 * features in their order, a host key. Undefined where the line means what it says.
 */
export function mendLine(entry: MachineEntry): string | undefined {
  const [uri, ...rest] = entry.fields.map(({ text }) => text);
  if (uri === undefined) return undefined;
  const words = joinCutLists(rest);
  const mended = [mendUri(uri), ...inPlace(words)].join(" ");
  return mended === withoutTrailing([uri, ...rest]).join(" ") ? undefined : mended;
}

/** `kvm, big-parallel` as one word. */
function joinCutLists(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    const goesOn = before?.endsWith(",") || (word.startsWith(",") && before !== undefined);
    if (goesOn) joined[joined.length - 1] = before + word;
    else joined.push(word);
  }
  return joined.map((word) => word.replaceAll(/,+/g, ",").replaceAll(/^,|,$/g, "") || "-");
}

function mendUri(uri: string): string {
  return uri.replace(/^(https?|tcp|nix|SSH-NG|SSH):\/\//, (_, scheme: string) =>
    scheme === "SSH" ? "ssh://" : "ssh-ng://",
  );
}

function inPlace(words: readonly string[]): string[] {
  const fields: string[] = Array.from({ length: 7 }, () => "-");
  if (isInPlace(words)) return withoutTrailing(words);
  const systems: string[] = [];
  const numbers: string[] = [];
  const lists: string[] = [];
  for (const word of words) {
    const kind = kindOfWord(word);
    if (kind === "systems") systems.push(...word.split(","));
    else if (kind === "path" && /[^/]/.test(word)) fields[1] = word;
    else if (kind === "number") numbers.push(word);
    else if (kind === "host-key") fields[6] = word;
    else if (kind === "features") lists.push(word);
  }
  if (systems.length > 0) fields[0] = [...new Set(systems)].join(",");
  [fields[2], fields[3]] = [numbers[0] ?? "-", numbers[1] ?? "-"] as [string, string];
  [fields[4], fields[5]] = [lists[0] ?? "-", lists[1] ?? "-"] as [string, string];
  return withoutTrailing(fields);
}

/** Whether every word is what its place is for. */
export function isInPlace(words: readonly string[]): boolean {
  return (
    words.length <= PLACES.length &&
    words.every((word, index) => {
      const kind = kindOfWord(word);
      return kind === "nothing" || (kind === PLACES[index] && !(kind === "path" && /^\/+$/.test(word)));
    })
  );
}

function withoutTrailing(words: readonly string[]): string[] {
  const last = words.findLastIndex((word) => word !== "-");
  return words.slice(0, last + 1);
}

const PLACES = ["systems", "path", "number", "number", "features", "features", "host-key"] as const;
