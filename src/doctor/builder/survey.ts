/** What a shell on a builder said of it. Everything may be missing. */
export interface Survey {
  /** What came before the shell's first word of ours: there should be nothing. */
  readonly noise: string;
  /** Whether our commands were run at all: a forced command or nologin runs something else. */
  readonly isShell: boolean;
  readonly user: string | undefined;
  readonly machine: string | undefined;
  readonly path: string | undefined;
  /** Its clock, in seconds since the epoch. */
  readonly seconds: number | undefined;
  /** Programs of Nix and Elsewhere on PATH, and elsewhere; whole paths. */
  readonly onPath: readonly string[];
  readonly found: readonly string[];
  /** Of the disk that has the store. */
  readonly folder: string | undefined;
  readonly freeBytes: number | undefined;
  /** Undefined where its file system does not count them. */
  readonly freeInodes: number | undefined;
  readonly availableMemoryBytes: number | undefined;
  readonly kvm: "absent" | "forbidden" | "usable";
  /** Names under which emulators are registered. */
  readonly emulators: readonly string[];
  /** Its Nix, where it has one, and some of that one's settings. */
  readonly nix: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

export function parseSurvey(text: string, nonce: string): Survey {
  const begin = text.indexOf(`survey-begin=${nonce}\n`);
  const end = text.indexOf(`survey-end=${nonce}\n`);
  const isShell = begin >= 0 && end > begin;
  const values = isShell ? pairsOf(text.slice(begin, end)) : [];
  const all = (name: string) =>
    values.filter(([key, value]) => key === name && value !== "").map(([, value]) => value);
  const one = (name: string) => all(name)[0];
  const number = (name: string) => (/^\d+$/.test(one(name) ?? "") ? Number(one(name)) : undefined);
  const kibibytes = (name: string) => (number(name) === undefined ? undefined : number(name)! * 1024);
  return {
    // The line that the script begins with ends what was printed before.
    noise: isShell ? text.slice(0, begin).replace(/\n$/, "") : text,
    isShell,
    user: one("user"),
    machine: one("machine"),
    path: one("path"),
    seconds: number("seconds"),
    onPath: all("on-path"),
    found: all("found"),
    folder: one("folder"),
    freeBytes: kibibytes("free-kib"),
    freeInodes: number("inodes") === 0 ? undefined : number("free-inodes"),
    availableMemoryBytes: kibibytes("MemAvailable:"),
    kvm: all("kvm").includes("usable") ? "usable" : all("kvm").includes("there") ? "forbidden" : "absent",
    emulators: all("binfmt").filter((name) => name !== "register" && name !== "status"),
    nix: one("nix"),
    settings: new Map(
      values.filter(([key]) => key.startsWith("nix-")).map(([key, value]) => [key.slice(4), value]),
    ),
  };
}

function pairsOf(text: string): [string, string][] {
  return text.split("\n").flatMap((line): [string, string][] => {
    const cut = line.indexOf("=");
    return cut > 0 ? [[line.slice(0, cut), line.slice(cut + 1).trim()]] : [];
  });
}
