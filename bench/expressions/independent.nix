# Trivial builds that do not need each other; `tag` makes them new.
{ tag, count ? 100 }:
builtins.genList (index: derivation {
  name = "alone-${toString index}";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ "-c" "echo ${tag} ${toString index} > $out" ];
}) count
