# One path of `mebibytes`, of bytes that do not compress.
{ mebibytes ? 1024 }:
derivation {
  name = "large-${toString mebibytes}";
  system = "x86_64-linux";
  builder = "/bin/sh";
  args = [ "-c" "/usr/bin/head -c ${toString (mebibytes * 1024 * 1024)} /dev/urandom > $out" ];
}
