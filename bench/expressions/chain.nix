# A chain of trivial builds; `tag` makes them new.
{ tag, count ? 100 }:
let
  link = before: index: derivation {
    name = "link-${toString index}";
    system = "x86_64-linux";
    builder = "/bin/sh";
    args = [ "-c" "echo ${tag} ${toString index} ${toString before} > $out" ];
  };
in
builtins.foldl' link "" (builtins.genList (index: index) count)
