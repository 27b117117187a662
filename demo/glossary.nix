# A glossary of building elsewhere, set from the texts beside this file: 46 derivations for Linux, of which
# some need a feature that not every builder has, and one needs a machine that the demo does not have.
{ system ? "x86_64-linux" }:
let
  terms = builtins.map (file: builtins.head (builtins.match "(.*)\\.txt" file)) (
    builtins.attrNames (builtins.readDir ./texts)
  );

  run = name: script: attributes:
    derivation ({
      inherit name system;
      builder = "/bin/sh";
      args = [ "-euc" script ];
    } // attributes);

  perTerm = make: builtins.listToAttrs (builtins.map (term: { name = term; value = make term; }) terms);
  textOf = term: builtins.path { path = ./texts + "/${term}.txt"; name = "${term}.txt"; };
  all = set: builtins.map (term: set.${term}) terms;

  # Every word of a text, one a line, with how often it occurs.
  words = perTerm (term: run "words-${term}" ''
    tr -cs 'A-Za-z' '\n' < $text | tr 'A-Z' 'a-z' | sort | uniq -c | awk '$2 { print $2, $1 }' > $out
  '' { text = textOf term; });

  # Which of the glossary's own terms a text uses.
  links = perTerm (term: run "links-${term}" ''
    for other in $terms; do
      if [ $other != ${term} ] && grep -q "^''${other}s\? " $words; then echo $other; fi
    done > $out
  '' { words = words.${term}; inherit terms; });

  pages = perTerm (term: run "page-${term}" ''
    mkdir $out
    {
      echo "<h1>${term}</h1><p>"
      cat $text
      echo "</p><p>See also:"
      while read other; do echo "<a href=\"$other.html\">$other</a>"; done < $links
      echo "</p><p><a href=\"index.html\">All terms</a></p>"
    } > $out/${term}.html
  '' { text = textOf term; links = links.${term}; });

  concordance = run "concordance" ''
    cat $words | awk '{ count[$1] += $2 } END { for (word in count) print count[word], word }' | sort -rn > $out
  '' { words = all words; requiredSystemFeatures = [ "big-parallel" ]; };

  links-table = run "links-table" ''
    set -- $terms
    for file in $links; do echo "$1: $(tr '\n' ' ' < $file)"; shift; done > $out
  '' { links = all links; inherit terms; };

  index = run "index" ''
    {
      echo "<h1>Building elsewhere: a glossary</h1><ul>"
      for term in $terms; do echo "<li><a href=\"$term.html\">$term</a></li>"; done
      echo "</ul><h2>Most used words</h2><ol>"
      head -12 $concordance | while read count word; do echo "<li>$word ($count)</li>"; done
      echo "</ol>"
    } > $out
  '' { inherit terms concordance; };

  glossary = run "glossary" ''
    mkdir $out
    for page in $pages; do cp $page/*.html $out/; done
    cp $index $out/index.html
    cp $linksTable $out/links.txt
    echo "set on $(uname -s) $(uname -m)" > $out/colophon.txt
  '' { pages = all pages; inherit index; linksTable = links-table; };
in
{
  inherit glossary;
  # Nobody in the demo can build this one: it is refused with the reason.
  pocket-edition = derivation {
    name = "pocket-edition";
    system = "riscv64-linux";
    builder = "/bin/sh";
    args = [ "-euc" "cp $glossary/index.html $out" ];
    inherit glossary;
    requiredSystemFeatures = [ "pocket-press" ];
  };
}
