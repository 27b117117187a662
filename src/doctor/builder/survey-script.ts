/** Where a Nix that is not on PATH often is. */
const USUAL_FOLDERS = [
  "/nix/var/nix/profiles/default/bin",
  "/run/current-system/sw/bin",
  "$HOME/.nix-profile/bin",
  "/usr/local/bin",
  "/opt/elsewhere/bin",
] as const;

/**
 * Run by a plain shell on a builder, with a nonce as `$0` and the store's folder as `$1`: prints `name=value` lines
 * between two that have the nonce. It changes nothing there.
 */
export const SURVEY_SCRIPT = `
say() { printf '%s=%s\\n' "$1" "$2"; }
echo; say survey-begin "$0"
say seconds "$(date +%s)"
say user "$(id -un)"
say machine "$(uname -m)"
say path "$PATH"
for program in nix-daemon nix-store elsewhere; do
  say "on-path" "$(command -v $program)"
  for folder in ${USUAL_FOLDERS.map((folder) => `"${folder}"`).join(" ")}; do
    [ -x "$folder/$program" ] && say found "$folder/$program"
  done
done
folder=$1
while [ ! -d "$folder" ]; do folder=\${folder%/*}; folder=\${folder:-/}; done
say folder "$folder"
set -- $(df -Pk "$folder" 2>/dev/null | tail -n 1); say free-kib "$4"
set -- $(df -Pi "$folder" 2>/dev/null | tail -n 1); say inodes "$2"; say free-inodes "$4"
while read -r name value unit; do say "$name" "$value"; done 2>/dev/null </proc/meminfo | grep -E '^Mem(Total|Available):'
[ -e /dev/kvm ] && say kvm there
[ -r /dev/kvm ] && [ -w /dev/kvm ] && say kvm usable
for file in /proc/sys/fs/binfmt_misc/*; do [ -e "$file" ] && say binfmt "\${file##*/}"; done
nix=nix
command -v nix >/dev/null || for folder in ${USUAL_FOLDERS.map((folder) => `"${folder}"`).join(" ")}; do
  [ -x "$folder/nix" ] && { nix=$folder/nix; break; }
done
say nix "$(command -v "$nix")"
for command in 'config show' 'show-config'; do
  conf=$("$nix" --extra-experimental-features nix-command $command 2>/dev/null) && [ -n "$conf" ] && break
done
printf '%s\\n' "$conf" | sed -nE 's/^(system|extra-platforms|system-features|substituters|substitute|trusted-users) = ?/nix-\\1=/p'
say survey-end "$0"
`;
