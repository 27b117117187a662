{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.elsewhere;
  socket = "/var/run/elsewhere/socket";
in
{
  options.services.elsewhere = import ./options.nix { inherit lib pkgs; };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        environment.systemPackages = [ cfg.package ];
        nix.settings = import ./settings.nix { inherit lib cfg; };
      }

      (lib.mkIf (cfg.builders != [ ]) {
        nix.distributedBuilds = true;
        nix.buildMachines = import ./build-machines.nix cfg;
      })

      (lib.mkIf cfg.daemon.enable {
        launchd.daemons.elsewhere-daemon = {
          command = "${cfg.package}/bin/elsewhere daemon --socket ${socket}";
          serviceConfig = {
            RunAtLoad = true;
            KeepAlive.SuccessfulExit = false;
            StandardErrorPath = "/var/log/elsewhere.log";
          };
        };
        environment.variables = lib.mkIf cfg.daemon.everyone { NIX_REMOTE = "unix://${socket}"; };
      })
    ]
  );
}
