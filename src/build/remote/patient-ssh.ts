/** How a builder's ssh goes to another one: it asks nobody and does not wait for long, for there is another way. */
export const PATIENT_SSH: readonly string[] = [
  "-oBatchMode=yes",
  "-oConnectTimeout=5",
  "-oServerAliveInterval=15",
  "-oServerAliveCountMax=4",
];

/** Shell words that have Nix, or Elsewhere, go about it so. */
export const SET_PATIENT_SSH = `NIX_SSHOPTS="${PATIENT_SSH.join(" ")} $NIX_SSHOPTS"; export NIX_SSHOPTS`;
