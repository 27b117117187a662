# What the matrix builds. `tag` makes every derivation new; every script runs in a POSIX shell with the tools of
# a Debian root or of busybox.
{ tag, system ? "x86_64-linux" }:
let
  run = name: script: attributes:
    derivation ({
      name = "${tag}-${name}";
      inherit system;
      builder = "/bin/sh";
      args = [ "-euc" "PATH=/bin:/usr/bin\n${script}" ];
    } // attributes);

  numbers = builtins.genList (index: toString (index + 1));
  named = prefix: count: make:
    builtins.listToAttrs (builtins.map (number: { name = "${prefix}${number}"; value = make number; }) (numbers count));

  leaves = named "leaf" 6 (number: run "leaf${number}" "echo leaf ${number}; echo leaf ${number} > $out" { });

  # Several outputs that refer to each other.
  splits = named "split" 4 (number: run "split${number}" ''
    mkdir $dev
    echo "documents of ${number}" > $doc
    echo "$doc" > $dev/doc
    cat $leaf > $out
    echo "$dev" >> $out
  '' { outputs = [ "out" "dev" "doc" ]; leaf = leaves."leaf${number}"; });

  # Its variables are in a file; what it reads of it is the path of its output.
  structured = named "structured" 3 (number: run "structured${number}" ''
    path=$(sed -n 's/.*"outputs":{"out":"\([^"]*\)".*/\1/p' .attrs.json)
    mkdir "$path"
    cp .attrs.json "$path/attributes"
  '' { __structuredAttrs = true; numbers = [ 1 2 3 ]; nested = { deep = true; of = splits."split${number}".dev; }; });

  fixedTo = hash: mode: attributes: attributes // {
    outputHash = hash;
    outputHashMode = mode;
  };
  hashOfHello = "sha256-WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
  fixed = {
    fixed1 = run "fixed1" "echo hello > $out" (fixedTo hashOfHello "flat" { });
    fixed2 = run "fixed2" "read line < $leaf; echo hello > $out" (fixedTo hashOfHello "flat" { leaf = leaves.leaf6; });
  };

  floating = {
    __contentAddressed = true;
    outputHashMode = "recursive";
    outputHashAlgo = "sha256";
  };
  # The second has an input whose path is not known before it is built, and so has what is made of both.
  floating1 = run "floating1" "echo floating > $out" floating;
  floating2 = run "floating2" "cat ${floating1} > $out; echo ${floating1} >> $out" floating;
  ofFloating = run "ofFloating" "cat ${floating1} ${floating2} > $out" { };
  chain = named "chain" 5 (number:
    if number == "1" then run "chain1" "echo 1 > $out" { }
    else run "chain${number}" "cat $before > $out; echo ${number} >> $out" {
      before = chain."chain${toString (builtins.fromJSON number - 1)}";
    });

  # One for each kind of builder, and what needs both: what is in between moves from one to the other.
  big = run "big" "cat $from > $out; echo big >> $out" { from = chain.chain5; requiredSystemFeatures = [ "big-parallel" ]; };
  special = run "special" "cat $from > $out; echo special >> $out" { from = big; requiredSystemFeatures = [ "benchmark" ]; };
  merged = run "merged" "cat $from $other > $out" { from = special; other = leaves.leaf5; };

  values = builtins.attrValues;
  all = run "all" ''
    mkdir $out
    for path in $parts; do echo "$path"; done > $out/parts
    cat $merged > $out/merged
  '' {
    parts = values splits ++ values structured ++ values fixed ++ values leaves ++ builtins.map (split: split.dev) (values splits);
    inherit merged;
  };

  gate = "/tmp/${tag}";
  failing = run "failing" "echo the first line; echo it breaks here; exit 3" { };
in
leaves // splits // structured // fixed // chain // {
  inherit all big special merged floating1 floating2 ofFloating failing;
  aboveFailing = run "aboveFailing" "cat $from > $out" { from = failing; };
  # What fails, with what does not.
  mixed = run "mixed" "cat $from > $out" { from = [ failing leaves.leaf1 merged ]; };
  pair = run "pair" "echo $dep > $out; echo the log of pair" { dep = leaves.leaf1; };
  lone = run "lone" "echo lone > $out; echo the log of lone" { };
  # The head of a program for a Mac.
  foreign = run "foreign" ''
    mkdir -p $out/bin
    printf '\317\372\355\376\007\000\000\001\003\000\000\000\002\000\000\000' > $out/bin/tool
    printf '\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >> $out/bin/tool
  '' { };
  # Talks once, and then no more.
  silent = run "silent" "echo begun; sleep 300" { };
  wrongHash = run "wrongHash" "echo hello > $out" (fixedTo "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" "flat" { });
  # These go on until there is a file in a folder that the test and the build share.
  waiting = run "waiting" "echo begun >> $gate/begun; while ! [ -e $gate/go ]; do sleep 0.05; done; echo waited > $out" { inherit gate; };
  gated = run "gated" "echo begun > $gate/begun; while ! [ -e $gate/go ]; do sleep 0.05; done; cat $dep > $out" {
    inherit gate;
    dep = leaves.leaf1;
  };
}
