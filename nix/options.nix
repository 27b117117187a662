# What can be chosen on every kind of machine.
{ lib, pkgs, ... }:
let
  inherit (lib) mkEnableOption mkOption types;

  builder = types.submodule {
    options = {
      hostName = mkOption {
        type = types.str;
        example = "box.example.org";
        description = "Where the builder is, or its name in ssh's configuration.";
      };
      protocol = mkOption {
        type = types.enum [
          "ssh-ng"
          "ssh"
        ];
        default = "ssh-ng";
        description = "Which of Nix's protocols it is asked in.";
      };
      user = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Whom to log in as; null: whom ssh's configuration says.";
      };
      sshKey = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/root/.ssh/elsewhere_ed25519";
        description = "File with the private key, readable by whoever builds: root where the Nix daemon does.";
      };
      systems = mkOption {
        type = types.listOf types.str;
        example = [ "x86_64-linux" ];
        description = "What it builds for.";
      };
      maxJobs = mkOption {
        type = types.ints.positive;
        default = 1;
        description = "Builds at once there.";
      };
      speedFactor = mkOption {
        type = types.ints.positive;
        default = 1;
        description = "Its speed beside that of other builders.";
      };
      supportedFeatures = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [
          "big-parallel"
          "kvm"
        ];
        description = "System features that it has.";
      };
      mandatoryFeatures = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "System features without which no derivation is built there.";
      };
      publicHostKey = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Its public host key in base64: the only one that is believed.";
      };
    };
  };
in
{
  enable = mkEnableOption "Elsewhere, which builds Nix derivations on other machines";

  package = mkOption {
    type = types.package;
    default = pkgs.callPackage ./package.nix { };
    defaultText = lib.literalExpression "pkgs.callPackage ./package.nix { }";
    description = "The program.";
  };

  builders = mkOption {
    type = types.listOf builder;
    default = [ ];
    description = "Machines to build on, for Elsewhere and for Nix alike.";
  };

  buildersUseSubstitutes = mkOption {
    type = types.bool;
    default = true;
    description = "Whether builders take inputs from their own binary caches.";
  };

  neverHere = mkOption {
    type = types.bool;
    default = false;
    description = "Never build on this machine.";
  };

  hook = {
    enable = mkEnableOption "Elsewhere as Nix's build hook; not for Lix from 2.94 on, and with Nix 2.13 to 2.33 only for builds of the daemon on NixOS";
  };

  daemon = {
    enable = mkEnableOption "a Nix daemon in front of the real one, which builds on the builders";
    everyone = mkOption {
      type = types.bool;
      default = false;
      description = "Whether every login goes through it without being told (NIX_REMOTE).";
    };
  };
}
