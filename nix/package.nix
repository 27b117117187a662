# The program as it lies in its repository: Node runs TypeScript as it is, so nothing is compiled.
{
  lib,
  stdenvNoCC,
  nodejs_24,
  bubblewrap,
  cacert,
  installShellFiles,
  makeWrapper,
  openssh,
  util-linux,
}:
let
  source = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../bin
      ../scripts
      ../src
      ../README.md
      ../package.json
    ];
  };

  # What package-lock.json names beside the tools of development. A test holds the hash to it.
  dependencies = stdenvNoCC.mkDerivation {
    name = "elsewhere-dependencies";
    src = lib.fileset.toSource {
      root = ../.;
      fileset = lib.fileset.unions [
        ../package.json
        ../package-lock.json
      ];
    };
    nativeBuildInputs = [
      nodejs_24
      cacert
    ];
    buildPhase = ''
      export HOME=$TMPDIR
      npm install --omit=dev --no-save --ignore-scripts --no-audit --no-fund
      rm -rf node_modules/.package-lock.json node_modules/.bin
    '';
    installPhase = "mv node_modules $out";
    dontFixup = true;
    outputHashMode = "recursive";
    outputHash = import ./dependencies-hash.nix;
  };

  programs = [
    openssh
  ]
  ++ lib.optionals stdenvNoCC.hostPlatform.isLinux [
    bubblewrap
    util-linux
  ];
in
stdenvNoCC.mkDerivation {
  pname = "elsewhere";
  version = (lib.importJSON ../package.json).version;
  src = source;
  nativeBuildInputs = [
    installShellFiles
    makeWrapper
    nodejs_24
  ];
  dontConfigure = true;
  dontBuild = true;

  installPhase = ''
    mkdir -p $out/lib/elsewhere $out/bin
    cp -r bin src package.json $out/lib/elsewhere
    ln -s ${dependencies} $out/lib/elsewhere/node_modules
    for program in elsewhere elsewhere-hook; do
      makeWrapper $out/lib/elsewhere/bin/$program $out/bin/$program \
        --set ELSEWHERE_NODE ${lib.getExe nodejs_24} \
        --suffix PATH : ${lib.makeBinPath programs}
    done
  '';

  postInstall = ''
    ln -s ${dependencies} node_modules
    node --disable-warning=ExperimentalWarning scripts/man-pages.ts man
    installManPage man/*.1
    for shell in bash zsh fish; do
      $out/bin/elsewhere completion $shell > elsewhere.$shell
      installShellCompletion --$shell --name elsewhere.$shell elsewhere.$shell
    done
  '';

  passthru = { inherit dependencies; };

  meta = {
    description = "Build Nix derivations on a machine other than the one you sit at";
    license = lib.licenses.mit;
    mainProgram = "elsewhere";
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
}
