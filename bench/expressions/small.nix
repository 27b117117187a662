# `count` texts of 4 KiB, and one that refers to all of them.
{ count ? 2000 }:
let
  line = file: at: builtins.hashString "sha256" "file ${toString file} line ${toString at}";
  text = file: builtins.toFile "small-${toString file}" (builtins.concatStringsSep "" (builtins.genList (line file) 64));
in
builtins.toFile "all-small" (builtins.concatStringsSep "\n" (builtins.genList text count))
