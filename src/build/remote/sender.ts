import { basename, dirname } from "node:path";
import type { StoreReference } from "#nix/store-reference.ts";
import { remoteProgramOf } from "#store/remote-command.ts";

/** What is known of a builder that shall send. */
export interface PushingBuilder {
  /** Its entry in the machines file. */
  readonly reference: StoreReference;
  /** As it greeted us. */
  readonly version: string | undefined;
}

/** What sends paths on a builder reached by ssh, and from which store where that is not its usual one. */
export type Sender = StockSender | ElsewhereSender;

/** Nix, by a shell. */
export interface StockSender {
  readonly kind: "stock";
  readonly nix: string;
  readonly nixStore: string;
  readonly store: string | undefined;
}

export interface ElsewhereSender {
  readonly kind: "elsewhere";
  readonly program: string;
  readonly store: string | undefined;
  /** False where a forced command may stand in the shell's place: then words go as they are. */
  readonly hasShell: boolean;
}

/** Where a builder was reached through `elsewhere` that is what sends; otherwise it is Nix. */
export function senderOf({ reference, version }: PushingBuilder): Sender {
  const program = remoteProgramOf(reference.params);
  const store = reference.params.get("remote-store");
  if (basename(program[0] ?? "") === "elsewhere")
    return {
      kind: "elsewhere",
      program: program[0]!,
      store: servedStore(program) ?? store,
      hasShell: true,
    };
  // What is asked for by name alone may find a forced command, as Elsewhere's builders have it.
  if (version?.startsWith("Elsewhere"))
    return { kind: "elsewhere", program: "elsewhere", store, hasShell: false };
  const beside = program[0]?.includes("/") ? `${dirname(program[0])}/` : "";
  return { kind: "stock", nix: `${beside}nix`, nixStore: `${beside}nix-store`, store };
}

/** The store that `elsewhere serve` was told to serve. */
function servedStore(program: readonly string[]): string | undefined {
  const at = program.indexOf("--store");
  return at < 0
    ? program.find((word) => word.startsWith("--store="))?.slice("--store=".length)
    : program[at + 1];
}
