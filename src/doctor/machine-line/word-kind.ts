/** What a word of a machine's line can only be, by its looks. */
export type WordKind =
  | "nothing"
  | "systems"
  | "path"
  | "number"
  | "host-key"
  | "features"
  /** Begins or ends with a comma: a part of a list that a blank has cut. */
  | "cut-list";

export function kindOfWord(word: string): WordKind {
  if (word === "-") return "nothing";
  if (/^,|,$/.test(word)) return "cut-list";
  if (/^\+?(\d+\.?\d*|\.\d+)$/.test(word)) return "number";
  const items = word.split(",");
  if (items.every(isSystem)) return "systems";
  if (isHostKey(word)) return "host-key";
  if (/^[~/.]|\/|^id_|_(key|rsa|ed25519)$|\.pem$/.test(word)) return "path";
  return "features";
}

export function isSystem(word: string): boolean {
  return word === "builtin" || SYSTEM.test(word);
}

/** The base64 of `ssh-ed25519 AAAA…`, or of another type, which all begin alike; or the bare key that was meant to be it. */
function isHostKey(word: string): boolean {
  return /^(c3NoL|ZWNkc2|c2stc3|AAAA)[A-Za-z0-9+/]{40,}=*$/.test(word);
}

const SYSTEM =
  /^(x86_64(-v[1-4])?|i[3-6]86|aarch64|arm64|armv[5-8][a-z0-9]*|riscv(32|64)|powerpc(64)?(le)?|ppc64(le)?|s390x?|mips[a-z0-9]*|loongarch64|m68k|sparc(64)?|wasm(32|64)|js|avr)-[a-z]+\d*$/;
