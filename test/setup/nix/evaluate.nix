# What a module of ours makes of `given`, on a machine that has `rest` besides.
{
  module,
  given,
  system ? "x86_64-linux",
}:
let
  lib = import ./lib.nix;
  pkgs = {
    callPackage = _: _: { outPath = "/nix/store/elsewhere"; };
    stdenv.hostPlatform.isDarwin = builtins.match ".*-darwin" system != null;
  };
  rest = {
    nix.package = {
      outPath = "/nix/store/nix";
    };
    xdg.configHome = "/home/me/.config";
    home.homeDirectory = "/Users/me";
  };
  made = (import module) {
    inherit lib pkgs;
    config = rest // {
      services.elsewhere = lib.readOptions "services.elsewhere" made.options.services.elsewhere (
        builtins.fromJSON given
      );
    };
  };
in
lib.settle made.config
