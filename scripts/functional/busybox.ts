/**
 * A static busybox for x86-64 that goes by that name whatever it is called: Nix's tests want one whose file may be
 * named as in a store (`HASH-busybox`), and build theirs with a patch. A few instructions before its own first one
 * replace what it is told as its name. Throws when the program is not laid out as linkers do it today.
 */
export function nameless(busybox: Buffer): Buffer {
  const code = segments(busybox).find(({ flags }) => flags & EXECUTABLE);
  if (code === undefined) throw new Error("busybox is no program for x86-64 as expected");
  const end = code.offset + code.size;
  const entry = busybox.readBigUInt64LE(ENTRY);
  const stub = stubAt(code.address + BigInt(code.size), entry);
  const room = busybox.subarray(end, end + stub.length);
  // The rest of the segment's last page is loaded with it.
  const fits = (end % PAGE_BYTES) + stub.length <= PAGE_BYTES;
  if (!fits || room.some((byte) => byte !== 0))
    throw new Error("busybox has no room behind its instructions");
  const changed = Buffer.from(busybox);
  stub.copy(changed, end);
  changed.writeBigUInt64LE(code.address + BigInt(code.size), ENTRY);
  return changed;
}

/** `argv[0] = "busybox"; goto entry`, to stand at `address`. */
function stubAt(address: bigint, entry: bigint): Buffer {
  const jump = Buffer.from([0xe9, 0, 0, 0, 0]);
  const store = Buffer.from([0x48, 0x89, 0x44, 0x24, 0x08]); // mov [rsp + 8], rax
  const load = Buffer.from([0x48, 0x8d, 0x05, store.length + jump.length, 0, 0, 0]); // lea rax, [rip + …]
  const behindJump = address + BigInt(load.length + store.length + jump.length);
  jump.writeInt32LE(Number(entry - behindJump), 1);
  return Buffer.concat([load, store, jump, Buffer.from("busybox\0")]);
}

/** What an ELF file of 64 bits has loaded. */
function segments(file: Buffer): { flags: number; offset: number; address: bigint; size: number }[] {
  const table = Number(file.readBigUInt64LE(TABLE));
  const entries = Array.from({ length: file.readUInt16LE(TABLE_COUNT) }, (_, n) =>
    file.subarray(table + n * 56),
  );
  return entries
    .filter((entry) => entry.readUInt32LE(0) === LOADED)
    .map((entry) => ({
      flags: entry.readUInt32LE(4),
      offset: Number(entry.readBigUInt64LE(8)),
      address: entry.readBigUInt64LE(16),
      size: Number(entry.readBigUInt64LE(32)),
    }));
}

/** Where the header of an ELF file has its entry point, and the table of its segments. */
const [ENTRY, TABLE, TABLE_COUNT] = [24, 32, 56];
const LOADED = 1;
const EXECUTABLE = 1;
const PAGE_BYTES = 4096;
