# Lanes of builds side by side that meet in one result. Each link is made of the one before in its lane, on the other
# builder, and of the one before in the next lane, on the same. No output refers to what it was made of.
{ tag, lanes ? 6, stages ? 10, kibibytes ? 300, features ? [ "nixos-test" "benchmark" ] }:
let
  rest = a: b: a - b * (a / b);
  make = name: more: derivation ({
    inherit name tag;
    system = "x86_64-linux";
    builder = "/bin/sh";
  } // more);
  link = before: stage: lane: make "link-${toString stage}-${toString lane}" {
    requiredSystemFeatures = [ (builtins.elemAt features (rest (stage + lane) 2)) ];
    inputs = if stage == 0 then [ ] else [ (builtins.elemAt before lane) (builtins.elemAt before (rest (lane + 1) lanes)) ];
    args = [ "-c" "/bin/cat $inputs < /dev/null > /dev/null && /usr/bin/head -c ${toString (kibibytes * 1024)} /dev/urandom > $out" ];
  };
  row = before: stage: builtins.genList (link before stage) lanes;
in
make "lanes" {
  inputs = builtins.foldl' row [ ] (builtins.genList (stage: stage) stages);
  args = [ "-c" "/bin/cat $inputs | /usr/bin/cksum > $out" ];
}
