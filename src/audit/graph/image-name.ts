/** Whether a derivation of another platform is something that `consumer` can carry as data: a system, an image, firmware. */
export function isCarriedAsData(consumer: string, input: string): boolean {
  // A system boots its own kernel and initial ramdisk: there, another platform's is no cargo.
  if (SYSTEM.test(consumer)) return FIRMWARE.test(input);
  return (
    SYSTEM.test(input) ||
    FIRMWARE.test(input) ||
    IMAGE.test(input) ||
    CARRIER.test(consumer) ||
    IMAGE.test(consumer)
  );
}

/** Source of all four: the names that nixpkgs and the tools around it give. */
const SYSTEM = /^(nixos-system-|initrd(-|$)|stage-1-init|linux-(rpi|zen|hardened|lqx|xanmod)?-?\d)/;

const FIRMWARE =
  /^(u-?boot|OVMF|AAVMF|edk2|EDK2|seabios|SeaBIOS|ipxe|opensbi|coreboot|tow-boot|rkbin|sof-firmware|qboot|slof|openbios)|arm-trusted-firmware|raspberrypifw|raspberrypi-armstubs|device-?tree|-dtbs?(-|$)|firmware|microcode|ucode/;

const IMAGE =
  /(^|[-_.])(image|img|iso|qcow2?|raw|vmdk|vhdx?|vdi|ova|squashfs|erofs|netboot|kexec|rootfs|initramfs)([-_.]|$)|\.(efi|tar|tar\.(gz|xz|zst)|cpio|bin|fd|rom)$/;

/** They start other systems, pack them, or send them elsewhere. */
const CARRIER =
  /^(run-.*-vm|nixos-vm|closure-info|vm-test-run-|nixos-test|deploy|colmena|activatable-|microvm|make-disk|hydra-eval|linux-builder|create-builder|darwin-builder|nixops|morph|bento)([-_.]|$)|-vm$/;
