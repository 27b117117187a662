/**
 * Short names for builders, told apart: the host, with its port where there is one, or the name of a socket; the
 * URI where two have one name, and a number where they have one URI too.
 */
export function builderNames(uris: readonly string[]): string[] {
  const plain = uris.map((uri) => uri.split("?", 1)[0]!);
  const short = plain.map(shortNameOf);
  const seen = new Map<string, number>();
  return plain.map((uri, index) => {
    const name = short[index]!;
    const alike = plain.filter((_, other) => short[other] === name);
    if (alike.length === 1) return name;
    const best = new Set(alike).size === alike.length ? uri : new Set(alike).size === 1 ? name : uri;
    const number = (seen.get(best) ?? 0) + 1;
    seen.set(best, number);
    return number === 1 ? best : `${best}#${number}`;
  });
}

function shortNameOf(uri: string): string {
  const parts = /^([a-z+-]+):\/\/(.*)$/.exec(uri);
  if (!parts) return uri.slice(uri.lastIndexOf("/") + 1) || uri;
  const [, scheme, rest] = parts;
  if (scheme === "ssh" || scheme === "ssh-ng") return rest!.slice(rest!.lastIndexOf("@") + 1) || uri;
  return rest!.slice(rest!.lastIndexOf("/") + 1) || uri;
}
