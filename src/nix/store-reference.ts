import { MalformedError } from "#base/errors.ts";

/** A store as a person names it, in its parts. */
export interface StoreReference {
  /** `auto`, `local`, `unix` (also written `daemon`), `ssh`, `ssh-ng`, `file`, `http`, `https`, … */
  readonly scheme: string;
  /** What follows the scheme: `user@host:port`, `host/path`, `/a/path`; `""` where there is nothing. */
  readonly authority: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Parses a store URI or one of the short forms: `auto`, `daemon`, `local`, a path. Source: Nix manual, "Store URL". */
export function parseStoreReference(uri: string): StoreReference {
  const cut = uri.indexOf("?");
  const base = cut < 0 ? uri : uri.slice(0, cut);
  const params = parseParams(cut < 0 ? "" : uri.slice(cut + 1), uri);
  if (base === "" || base === "auto") return { scheme: "auto", authority: "", params };
  if (base === "daemon") return { scheme: "unix", authority: "", params };
  if (base === "local") return { scheme: "local", authority: "", params };
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(base);
  if (parts)
    return { scheme: parts[1]!.toLowerCase(), authority: normalAuthority(parts[1]!, parts[2]!, uri), params };
  if (base.includes("/") && !base.includes("://")) return { scheme: "local", authority: base, params };
  throw new MalformedError("store URI", uri, "want auto, daemon, local, a path with a slash, or SCHEME://…");
}

/** The URI of a reference; parsing it gives the reference again. */
export function formatStoreReference({ scheme, authority, params }: StoreReference): string {
  const query = [...params].map(([key, value]) => `${encodeParam(key)}=${encodeParam(value)}`).join("&");
  return `${formatBase(scheme, authority)}${query === "" ? "" : `?${query}`}`;
}

/** The same reference with parameters added; those that it has already stay. */
export function withDefaultParams(
  reference: StoreReference,
  defaults: Iterable<[string, string]>,
): StoreReference {
  return { ...reference, params: new Map([...defaults, ...reference.params]) };
}

export interface SshAuthority {
  readonly user: string | undefined;
  /** Without the brackets of an IPv6 address, its zone after a plain `%`. */
  readonly host: string;
  readonly port: number | undefined;
}

/** The parts of `user@host:port`. */
export function parseSshAuthority(authority: string): SshAuthority {
  const parts = /^(?:([^@]*)@)?(?:\[([^\]]+)\]|([^:[\]/]+))(?::(\d{1,5}))?$/.exec(authority);
  const host = parts ? (parts[2]?.replace("%25", "%") ?? parts[3]!) : "";
  const port = parts?.[4] === undefined ? undefined : Number(parts[4]);
  const user = parts?.[1] === undefined ? undefined : decodePercent(parts[1], authority);
  if (!parts || (port !== undefined && (port < 1 || port > PORT_MAX)))
    throw new MalformedError("ssh host", authority, "want [USER@]HOST[:PORT]");
  // Neither may be an option of ssh's or, where a ProxyCommand takes them, more than one word of a shell's.
  if (UNSAFE_HOST.test(host) || UNSAFE_USER.test(user ?? ""))
    throw new MalformedError("ssh host", authority, "it has what ssh or a shell would take for more");
  return { user, host, port };
}

function formatBase(scheme: string, authority: string): string {
  if (scheme === "auto") return "auto";
  if (authority === "" && scheme === "unix") return "daemon";
  if (authority === "" && scheme === "local") return "local";
  return `${scheme}://${PATH_SCHEMES.has(scheme) ? encodeParam(authority) : authority}`;
}

function normalAuthority(scheme: string, text: string, uri: string): string {
  if (PATH_SCHEMES.has(scheme)) return decodePercent(text, uri);
  const ipv6 = /^([^@]*@)?\[?([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)((?:%[^\]]*)?)(\]?)((?::\d+)?)$/i.exec(text);
  if (!ipv6) return text.replace(/\/+$/, "");
  const [, user = "", address = "", zone = "", bracket = "", port = ""] = ipv6;
  // Within brackets a zone may be encoded already; without them its `%` is never.
  const encoded = bracket && /^%25./.test(zone) ? zone : zone.replace("%", "%25");
  return `${user}[${address}${encoded}]${port}`;
}

function parseParams(query: string, uri: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const pair of query.split("&")) {
    const cut = pair.indexOf("=");
    if (pair === "") continue;
    if (cut <= 0)
      throw new MalformedError("store URI", uri, `want NAME=VALUE after the question mark, not '${pair}'`);
    params.set(decodePercent(pair.slice(0, cut), uri), decodePercent(pair.slice(cut + 1), uri));
  }
  return params;
}

function decodePercent(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new MalformedError(
      "store URI",
      uri,
      "a '%' in it is not followed by two hexadecimal digits of UTF-8",
    );
  }
}

function encodeParam(text: string): string {
  return encodeURIComponent(text).replace(/%(2F|3A|40|2C|2B)/g, (code) => decodeURIComponent(code));
}

/** Schemes whose authority is a path on this machine. */
const PATH_SCHEMES: ReadonlySet<string> = new Set(["local", "unix", "file"]);
const PORT_MAX = 65535;
/** Source: OpenSSH 9.6, `valid_hostname` and `valid_ruser`. */
const UNSAFE_HOST = /^-|[\x00-\x20\x7f'"`$\\;&<>|(){}]/;
const UNSAFE_USER = /^-|[\x00-\x20\x7f'"`;&<>|(){}]|\\$/;
