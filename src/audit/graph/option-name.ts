/**
 * The option of a NixOS, nix-darwin or Home Manager configuration that a derivation is made by, where its name tells.
 * Source: the names that their modules give.
 */
export function optionOf(name: string): string | undefined {
  const fixed = BY_NAME[name];
  if (fixed !== undefined) return fixed;
  for (const [pattern, make] of BY_PATTERN) {
    const found = pattern.exec(name);
    if (found) return make(found[1]!);
  }
  return undefined;
}

/** The name of a package without its version: `nix` of `nix-2.34.7`. Source: Nix, `builtins.parseDrvName`. */
export function packageOf(name: string): string {
  return /^(.+?)-(?![a-zA-Z])/.exec(name)?.[1] ?? name;
}

const BY_NAME: Readonly<Record<string, string>> = {
  "system-path": "environment.systemPackages",
  "nix.conf": "nix.settings",
  etc: "environment.etc",
  "system-units": "systemd.packages",
  "user-units": "systemd.packages",
  "system-generators": "systemd.packages",
  "user-generators": "systemd.packages",
  "system-shutdown": "systemd.packages",
  "tmpfiles.d": "systemd.tmpfiles.packages",
  "udev-rules": "services.udev.packages",
  "hwdb.bin": "services.udev.packages",
  "dbus-1": "services.dbus.packages",
  firmware: "hardware.firmware",
  "kernel-modules": "boot.extraModulePackages",
  "home-manager-path": "home.packages",
  "home-manager-files": "home.file",
  "darwin-system-path": "environment.systemPackages",
  "user-environment": "your profile (nix profile, nix-env)",
  "users-groups.json": "users.users",
  fontconfig: "fonts.packages",
  "fonts.conf": "fonts.packages",
  "X11-fonts": "fonts.packages",
  "graphics-drivers": "hardware.graphics.extraPackages",
  "nixos-rebuild": "system.build.nixos-rebuild",
};

const BY_PATTERN: readonly (readonly [RegExp, (found: string) => string])[] = [
  [
    /^unit-script-(.+?)-(?:start|stop|pre-start|post-start|pre-stop|post-stop|reload)$/,
    (unit) => `systemd.services.${quoted(unit)}`,
  ],
  [/^unit-(.+?)-?\.service(?:-disabled)?$/, (unit) => `systemd.services.${quoted(unit)}`],
  [/^unit-(.+?)\.timer$/, (unit) => `systemd.timers.${quoted(unit)}`],
  [/^unit-(.+?)\.socket(?:-disabled)?$/, (unit) => `systemd.sockets.${quoted(unit)}`],
  [/^X-Restart-Triggers-(.+)$/, (unit) => `systemd.services.${quoted(unit)}`],
  [/^etc-(.+)$/, (file) => `environment.etc."${file}"`],
  [/^user-packages-(.+)$|^(.+)-user-environment$/, (user) => `users.users.${quoted(user)}.packages`],
  [/^initrd-/, () => "boot.initrd"],
  [/^nixos-system-(.+)-\d+\.\d+/, (host) => `nixosConfigurations.${quoted(host)}`],
  [/^darwin-system-/, () => "darwinConfigurations"],
  [/^hm_(.+)$/, (file) => `home.file."${file}"`],
];

function quoted(name: string): string {
  return /^[a-zA-Z_][\w'-]*$/.test(name) ? name : `"${name}"`;
}
