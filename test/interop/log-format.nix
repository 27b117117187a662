# A build that says something and has a phase, what it needs, and one that fails.
let
  build = name: needs: script: derivation {
    inherit name needs;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" script ];
  };
  first = build "first" [ ] "echo one; echo '@nix {\"action\":\"setPhase\",\"phase\":\"buildPhase\"}' >&2; echo one > $out";
in
{
  good = build "good" [ first ] "echo two; echo two > $out";
  bad = build "bad" [ first ] "echo oh; exit 3";
}
