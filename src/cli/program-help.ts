/** What the help of the program says after its commands. */
export const AFTER_HELP = `
Examples:
  elsewhere build .#hello                    evaluate with the installed Nix, build on the builders in /etc/nix/machines
  elsewhere build -f default.nix -j0         never build here
  elsewhere build ./graph/abc-hello.drv      no Nix needed: a .drv file, with its inputs beside it
  elsewhere builders                         who could build, and who answers
  elsewhere serve --stdio                    what sshd runs on a builder

Exit codes:
  0 done   1 something failed   2 wrong usage   100 a build failed   101 a build timed out
  102 a fixed-output hash did not match   104 a build is not deterministic   130 interrupted

Settings come from nix.conf, NIX_CONFIG and /etc/nix/machines; --option NAME VALUE overrides one.
`;
