{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.elsewhere;
  program = "${cfg.package}/bin/elsewhere";
  socket = "/run/elsewhere/socket";
in
{
  options.services.elsewhere = import ./options.nix { inherit lib pkgs; } // {
    builder = {
      enable = lib.mkEnableOption "this machine as a builder for others, with a store of its own and no Nix daemon";
      user = lib.mkOption {
        type = lib.types.str;
        default = "elsewhere";
        description = "The user who owns the store, and whom clients log in as.";
      };
      store = lib.mkOption {
        type = lib.types.str;
        default = "/var/lib/elsewhere/store";
        description = "Where the store is.";
      };
      authorizedKeys = lib.mkOption {
        type = lib.types.listOf lib.types.singleLineStr;
        default = [ ];
        example = [ "ssh-ed25519 AAAA… me@laptop" ];
        description = "Public keys of clients. They can build, and nothing else.";
      };
    };
  };

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

      (lib.mkIf cfg.hook.enable {
        # Nix 2.13 to 2.33 takes no notice of it in nix.conf.
        systemd.services.nix-daemon.environment.NIX_CONFIG = "build-hook = ${cfg.package}/bin/elsewhere-hook";
      })

      (lib.mkIf cfg.daemon.enable {
        systemd.services.elsewhere-daemon = {
          description = "Elsewhere: a Nix daemon that builds on other machines";
          wantedBy = [ "multi-user.target" ];
          wants = [ "network-online.target" ];
          after = [ "network-online.target" ];
          path = [ config.nix.package ];
          serviceConfig = {
            ExecStart = "${program} daemon --socket ${socket}";
            Restart = "on-failure";
            RestartSec = 2;
            # A build that runs is given time to stop on its builder.
            TimeoutStopSec = 30;
          };
        };
        environment.variables = lib.mkIf cfg.daemon.everyone { NIX_REMOTE = "unix://${socket}"; };
      })

      (lib.mkIf cfg.builder.enable {
        services.openssh.enable = lib.mkDefault true;
        users.groups.${cfg.builder.user} = { };
        users.users.${cfg.builder.user} = {
          isSystemUser = true;
          group = cfg.builder.user;
          home = "/var/lib/elsewhere";
          createHome = true;
          # sshd runs the forced command with it.
          useDefaultShell = true;
          openssh.authorizedKeys.keys = map (
            key: ''restrict,command="${program} serve --store ${cfg.builder.store}" ${key}''
          ) cfg.builder.authorizedKeys;
        };
      })
    ]
  );
}
