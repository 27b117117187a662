{
  description = "Build Nix derivations on a machine other than the one you sit at";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "aarch64-darwin"
        "x86_64-darwin"
      ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      packages = each (pkgs: rec {
        elsewhere = pkgs.callPackage ./nix/package.nix { };
        default = elsewhere;
      });

      overlays.default = final: _: { elsewhere = final.callPackage ./nix/package.nix { }; };

      nixosModules.default = ./nix/nixos-module.nix;
      darwinModules.default = ./nix/darwin-module.nix;
      homeModules.default = ./nix/home-module.nix;
    };
}
