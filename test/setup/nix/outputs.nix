# What the flake offers, with packages that only say what they are.
let
  lib = import ./lib.nix // {
    genAttrs =
      names: make:
      builtins.listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) names
      );
    importJSON = path: builtins.fromJSON (builtins.readFile path);
    fileset = {
      toSource = { root, fileset }: toString root;
      unions = paths: assert builtins.all builtins.pathExists paths; paths;
    };
    getExe = package: "${package}/bin/${baseNameOf package}";
    makeBinPath = packages: builtins.concatStringsSep ":" (map (package: "${package}/bin") packages);
    licenses.mit = { };
    platforms = {
      linux = [ ];
      darwin = [ ];
    };
  };
  packagesFor = system: {
    callPackage =
      file: _:
      let
        make = import file;
        known = {
          inherit lib;
          stdenvNoCC = {
            hostPlatform.isLinux = builtins.match ".*-linux" system != null;
            mkDerivation =
              attrs: attrs // { outPath = "/nix/store/${attrs.pname or attrs.name}"; name = attrs.name or "${attrs.pname}-${attrs.version}"; };
          };
        };
      in
      make (builtins.mapAttrs (name: _: known.${name} or "/nix/store/${name}") (builtins.functionArgs make));
  };
  outputs = (import ../../../flake.nix).outputs {
    self = { };
    nixpkgs = {
      inherit lib;
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
        "x86_64-darwin"
      ] packagesFor;
    };
  };
  exists = modules: builtins.pathExists modules.default;
in
{
  packages = builtins.mapAttrs (_: packages: { inherit (packages.default) name installPhase; }) outputs.packages;
  overlaid = (outputs.overlays.default (packagesFor "x86_64-linux") { }).elsewhere.name;
  nixosModules = exists outputs.nixosModules;
  darwinModules = exists outputs.darwinModules;
  homeModules = exists outputs.homeModules;
}
