import { formatBytes } from "#base/format-bytes.ts";
import { type Check, seen, unseen } from "../check.ts";
import { cure } from "../cure.ts";
import type { Finding } from "../finding.ts";
import { BYTES_MIN, INODES_MIN } from "../limits.ts";
import type { ClientCase } from "./client-case.ts";

/** Room for what comes home. */
export const room: Check<ClientCase> = {
  link: "disk",
  look: ({ outside }) => {
    const store = outside.env.NIX_STORE_DIR ?? "/nix/store";
    const room = outside.files.room(store);
    if (!room) return unseen(`cannot ask for the room in ${store}`);
    return seen(`${formatBytes(room.freeBytes)} free for ${store}`, [
      room.freeBytes < BYTES_MIN
        ? full(store, `${formatBytes(room.freeBytes)} are free`, "HERE_DISK_FULL")
        : undefined,
      room.freeInodes !== undefined && room.freeInodes < INODES_MIN
        ? full(store, `${room.freeInodes} inodes are free`, "HERE_INODES_FULL")
        : undefined,
    ]);
  },
};

function full(store: string, what: string, code: Finding["code"]): Finding {
  return {
    code,
    severity: "fault",
    seen: `On the disk of ${store} here ${what}`,
    why: "What is built elsewhere comes home to this disk",
    cure: cure(
      "Collect garbage, and see what else fills it",
      "nix-collect-garbage -d",
      `df -h ${store}; df -i ${store}`,
    ),
  };
}
