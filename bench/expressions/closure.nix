# `count` texts in a graph that is wide and some twenty steps deep: each refers to two children and to one farther on.
{ count ? 20000 }:
let
  rest = a: b: a - b * (a / b);
  children = at: builtins.filter (child: child < count) [ (2 * at + 1) (2 * at + 2) (at + 1 + rest (at * 31) 97) ];
  texts = builtins.genList (at: builtins.toFile "node-${toString at}" (builtins.concatStringsSep "\n" ([ (toString at) ] ++ map (builtins.elemAt texts) (children at)))) count;
in
builtins.head texts
