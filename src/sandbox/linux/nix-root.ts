import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { StoreDir } from "#nix/store-path.ts";
import type { Mount } from "../sandbox.ts";

export interface NixRootOptions {
  readonly storeDir: StoreDir;
  /** Where the build happens, as the builder sees it: the home of its user. */
  readonly buildDir: string;
  readonly network: boolean;
  /** Certificates to show where there is a network. */
  readonly certificates: string | undefined;
}

/**
 * Fills an empty folder as the root that Nix gives builders: users, hosts, a `/tmp` of its own on disk, an
 * empty store. Returns the mounts that a network needs. Source: compared with Nix 2.8, 2.26 and 2.34.
 */
export function prepareNixRoot(
  root: string,
  { storeDir, buildDir, network, certificates }: NixRootOptions,
): Mount[] {
  makeFolder(`${root}/tmp`, 0o1777);
  makeFolder(root + storeDir, 0o1775);
  makeFolder(root + buildDir, 0o700);
  for (const folder of ["dev", "proc", "etc"]) makeFolder(`${root}/${folder}`, 0o755);
  const etc = (name: string, text: string) => writeFileSync(`${root}/etc/${name}`, text, { mode: 0o644 });
  etc("passwd", PASSWD.replaceAll("BUILD", buildDir));
  etc("group", GROUP);
  if (network) etc("nsswitch.conf", NAME_SERVICES);
  else etc("hosts", HOSTS);
  const mounts = network ? networkMounts(certificates) : [];
  for (const { target } of mounts) makeFile(root, target);
  chmodSync(`${root}/etc`, 0o555);
  chmodSync(root, 0o750);
  return mounts;
}

function networkMounts(certificates: string | undefined): Mount[] {
  const shown = NETWORK_FILES.map((file) => ({ source: file, target: file }));
  if (certificates) shown.push({ source: certificates, target: CERTIFICATES });
  return shown.filter(({ source }) => existsSync(source)).map((mount) => ({ ...mount, writable: false }));
}

function makeFile(root: string, target: string): void {
  mkdirSync(`${root}${target.slice(0, target.lastIndexOf("/"))}`, { recursive: true });
  writeFileSync(root + target, "");
}

function makeFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
}

const PASSWD = `root:x:0:0:Nix build user:BUILD:/noshell
nixbld:x:1000:100:Nix build user:BUILD:/noshell
nobody:x:65534:65534:Nobody:/:/noshell
`;
const GROUP = `root:x:0:
nixbld:!:100:
nogroup:x:65534:
`;
const HOSTS = `127.0.0.1 localhost
::1 localhost
`;
const NAME_SERVICES = `hosts: files dns
services: files
`;
const NETWORK_FILES = ["/etc/resolv.conf", "/etc/services", "/etc/hosts"];
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
