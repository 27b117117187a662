# For Home Manager: one person's builders, in their own nix.conf and machines file.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.elsewhere;
  inherit (pkgs.stdenv.hostPlatform) isDarwin;
  command = socket: "${cfg.package}/bin/elsewhere daemon --socket ${socket}";
  agentSocket = "${config.home.homeDirectory}/.local/state/elsewhere/socket";
  list = values: if values == [ ] then "-" else lib.concatStringsSep "," values;
  orDash = value: if value == null then "-" else toString value;
  line =
    builder:
    lib.concatStringsSep " " [
      "${builder.protocol}://${lib.optionalString (builder.user != null) "${builder.user}@"}${builder.hostName}"
      (list builder.systems)
      (orDash builder.sshKey)
      (toString builder.maxJobs)
      (toString builder.speedFactor)
      (list builder.supportedFeatures)
      (list builder.mandatoryFeatures)
      (orDash builder.publicHostKey)
    ];
in
{
  options.services.elsewhere = import ./options.nix { inherit lib pkgs; };

  config = lib.mkIf cfg.enable (
    lib.mkMerge [
      {
        home.packages = [ cfg.package ];
        nix.settings = import ./settings.nix { inherit lib cfg; };
      }

      (lib.mkIf (cfg.builders != [ ]) {
        xdg.configFile."nix/machines".text = lib.concatMapStrings (
          builder: line builder + "\n"
        ) cfg.builders;
        nix.settings.builders = "@${config.xdg.configHome}/nix/machines";
      })

      (lib.mkIf (cfg.daemon.enable && !isDarwin) {
        systemd.user.services.elsewhere-daemon = {
          Unit.Description = "Elsewhere: a Nix daemon that builds on other machines";
          Service = {
            ExecStart = command "%t/elsewhere/socket";
            Restart = "on-failure";
            RestartSec = 2;
            TimeoutStopSec = 30;
          };
          Install.WantedBy = [ "default.target" ];
        };
        home.sessionVariables = lib.mkIf cfg.daemon.everyone {
          NIX_REMOTE = "unix://$XDG_RUNTIME_DIR/elsewhere/socket";
        };
      })

      (lib.mkIf (cfg.daemon.enable && isDarwin) {
        launchd.agents.elsewhere-daemon = {
          enable = true;
          config = {
            ProgramArguments = [
              "${cfg.package}/bin/elsewhere"
              "daemon"
              "--socket"
              agentSocket
            ];
            RunAtLoad = true;
            KeepAlive.SuccessfulExit = false;
          };
        };
        home.sessionVariables = lib.mkIf cfg.daemon.everyone { NIX_REMOTE = "unix://${agentSocket}"; };
      })
    ]
  );
}
