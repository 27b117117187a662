import { execFileSync, spawn } from "node:child_process";
import {
  createWriteStream,
  existsSync,
  globSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Where a nightly run unpacks a kernel. */
export const GUEST_FOLDER = "/var/tmp/elsewhere-guest";
/** Where kernels lie that a guest can be booted with: Debian's for clouds has all in it that is needed. */
const KERNELS = [
  process.env.ELSEWHERE_GUEST_KERNEL ?? "",
  `${GUEST_FOLDER}/boot/vmlinuz-*`,
  "/boot/vmlinuz-*cloud*",
  "/boot/vmlinuz-*",
];
const EMULATOR = "/usr/bin/qemu-system-x86_64";

/** Why no guest can be booted; false where one can. */
export function withoutGuest(): string | false {
  if (process.arch !== "x64") return "the guest is an x86_64";
  if (!existsSync(EMULATOR)) return "no qemu-system-x86_64 (Debian: qemu-system-x86)";
  if (!findKernel())
    return "no kernel for a guest: 'npm run nightly -- guest' fetches one, ELSEWHERE_GUEST_KERNEL names one";
  return false;
}

export interface GuestCommand {
  /** Files and folders of this machine that the guest has under the same names, with the libraries that programs need. */
  readonly files: readonly string[];
  /** Run by busybox's shell, with proc, sys, dev and a memory-backed /tmp, as root. */
  readonly script: string;
  readonly memoryMiB: number;
  readonly timeoutMs: number;
}

/** Boots a kernel of its own with nothing but `files`, emulated, runs a script in it and returns all that its console showed. */
export async function runInGuest(command: GuestCommand): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "elsewhere-guest-"));
  try {
    const image = join(folder, "initrd");
    await writeImage(image, command);
    return await boot(image, command);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function findKernel(): string | undefined {
  return KERNELS.flatMap((pattern) => (pattern === "" ? [] : globSync(pattern).sort())).at(0);
}

async function boot(image: string, { memoryMiB, timeoutMs }: GuestCommand): Promise<string> {
  const words = [
    ...["-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", String(memoryMiB), "-no-reboot", "-nographic"],
    ...["-nic", "none", "-kernel", findKernel()!, "-initrd", image],
    ...["-append", "console=ttyS0 quiet panic=-1 cgroup_no_v1=all"],
  ];
  const guest = spawn(EMULATOR, words, { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  let said = "";
  for (const output of [guest.stdout, guest.stderr])
    output.setEncoding("utf8").on("data", (text: string) => (said += text));
  await new Promise((resolve) => guest.once("close", resolve));
  return said.replaceAll("\r", "");
}

async function writeImage(image: string, { files, script }: GuestCommand): Promise<void> {
  const out = createWriteStream(image);
  const archive = new Archive((bytes) => void out.write(bytes));
  const shell = execFileSync("which", ["busybox"], { encoding: "utf8" }).trim();
  for (const file of [shell, ...files]) archive.add(file);
  archive.addFile(
    "/init",
    Buffer.from(INIT.replaceAll("@shell@", shell).replace("@script@", () => script)),
    0o755,
  );
  archive.end();
  await new Promise<void>((resolve) => out.end(resolve));
}

/** Files as the kernel unpacks them. Source: its documentation, `buffer-format.rst` ("newc"). */
class Archive {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #known = new Set<string>(["/"]);
  #inode = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** A file, with the libraries that it needs where it is a program; or a folder with all that is in it. */
  add(path: string): void {
    if (this.#known.has(path)) return;
    const stat = lstatSync(path);
    this.#addParents(path);
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(path);
      this.#entry(path, 0o120777, Buffer.from(target));
      this.add(target.startsWith("/") ? target : join(dirname(path), target));
    } else if (stat.isDirectory()) {
      this.#entry(path, stat.mode, NOTHING);
      for (const name of readdirSync(path)) this.add(join(path, name));
    } else if (stat.isFile()) {
      this.#entry(path, stat.mode, readFileSync(path));
      if ((stat.mode & 0o100) !== 0) for (const library of librariesOf(path)) this.add(library);
    }
  }

  addFile(path: string, contents: Buffer, mode: number): void {
    this.#addParents(path);
    this.#entry(path, 0o100000 | mode, contents);
  }

  end(): void {
    this.#header("TRAILER!!!", { mode: 0, size: 0 });
  }

  /** What a parent that is a link leads to is a folder of its own. */
  #addParents(path: string): void {
    const parent = dirname(path);
    if (this.#known.has(parent)) return;
    if (existsSync(parent) && lstatSync(parent).isSymbolicLink()) {
      this.#addParents(parent);
      const target = readlinkSync(parent);
      this.#entry(parent, 0o120777, Buffer.from(target));
      this.#addParents(join(target.startsWith("/") ? target : join(dirname(parent), target), "x"));
      return;
    }
    this.#addParents(parent);
    this.#entry(parent, 0o040755, NOTHING);
  }

  #entry(path: string, mode: number, contents: Buffer): void {
    if (this.#known.has(path)) return;
    this.#known.add(path);
    this.#header(path.slice(1), { mode, size: contents.length });
    this.#write(contents);
    this.#write(Buffer.alloc(-contents.length & 3));
  }

  #header(name: string, { mode, size }: { mode: number; size: number }): void {
    const bytes = Buffer.byteLength(name) + 1;
    const fields = [++this.#inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, bytes, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    this.#write(Buffer.concat([Buffer.from(`${head}${name}\0`), Buffer.alloc(-(head.length + bytes) & 3)]));
  }
}

function librariesOf(program: string): string[] {
  if (readFileSync(program).subarray(0, 4).toString("latin1") !== "\x7fELF") return [];
  try {
    const said = execFileSync("ldd", [program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...said.matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library!);
  } catch {
    return [];
  }
}

const NOTHING = Buffer.alloc(0);
const INIT = `#!@shell@ sh
@shell@ mkdir -p /guest /proc /sys /dev /tmp /run /etc /root /bin /var/tmp
@shell@ --install -s /bin
# From where the kernel unpacked it nobody can turn away by pivot_root, as sandboxes must; from another mount of it, put in its place, one can.
if [ "$1" != inside ]; then
  mount --bind / /guest
  cd /guest
  mount --move . /
  exec chroot . /init inside
fi
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/shm /dev/pts
ln -s /proc/self/fd /dev/fd
echo 'root:x:0:0:root:/root:/bin/sh' > /etc/passwd
echo 'root:x:0:' > /etc/group
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root
@script@
echo "guest ended with $?"
poweroff -f
`;
