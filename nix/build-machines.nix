# Builders as `nix.buildMachines` of NixOS and nix-darwin has them.
cfg:
map (builder: {
  inherit (builder)
    hostName
    protocol
    sshKey
    systems
    maxJobs
    speedFactor
    supportedFeatures
    mandatoryFeatures
    publicHostKey
    ;
  sshUser = builder.user;
}) cfg.builders
