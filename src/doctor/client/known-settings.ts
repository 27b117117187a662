/** Names of settings that some Nix of today knows, old names with them. Sources: `nix config show --json` of Nix 2.8, 2.26 and 2.34; the manuals of Lix and Determinate Nix. */
export const KNOWN_SETTINGS: ReadonlySet<string> = new Set(
  `abort-on-warn accept-flake-config access-tokens allow-dirty allow-dirty-locks
  allow-import-from-derivation allow-new-privileges allow-symlinked-store
  allow-unsafe-native-code-during-evaluation allowed-impure-host-deps allowed-uris allowed-users
  always-allow-substitutes auto-allocate-uids auto-optimise-store bash-prompt bash-prompt-prefix
  bash-prompt-suffix binary-cache-public-keys binary-caches binary-caches-parallel-connections
  build-chroot-dirs build-compress-log build-cores build-dir build-fallback build-hook
  build-hook-kill-timeout build-impersonate-linux-26 build-keep-log build-max-jobs
  build-max-log-size build-max-silent-time build-poll-interval build-provenance-tags build-repeat
  build-sandbox-paths build-timeout build-use-chroot build-use-sandbox build-use-substitutes
  build-users-group builders builders-use-substitutes commit-lock-file-summary
  commit-lockfile-summary compress-build-log connect-timeout cores darwin-log-sandbox-violations
  debugger-on-trace debugger-on-warn deprecated-features diff-hook download-attempts
  download-buffer-size download-speed enforce-determinism env-keep-derivations
  eval-attrset-update-layer-rhs-threshold eval-cache eval-cores eval-profile-file eval-profiler
  eval-profiler-frequency eval-system experimental-features external-builders extra-platforms
  fallback filter-syscalls flake-registry fsync-metadata fsync-store-paths gc-keep-derivations
  gc-keep-outputs gc-reserved-space hashed-mirrors http-connections http2 id-count ignore-try
  ignored-acls impersonate-linux-26 impure-env json-log-path keep-build-log keep-derivations
  keep-env-derivations keep-failed keep-going keep-outputs lazy-locks lazy-trees
  lint-absolute-path-literals lint-short-path-literals lint-url-literals log-lines
  max-build-log-size max-call-depth max-free max-jobs max-silent-time max-substitution-jobs
  min-free min-free-check-interval nar-buffer-size narinfo-cache-meta-ttl
  narinfo-cache-negative-ttl narinfo-cache-positive-ttl netrc-file nix-path
  nix-shell-always-looks-for-shell-nix nix-shell-shebang-arguments-relative-to-script plugin-files
  post-build-hook pre-build-hook preallocate-contents print-missing pure-eval repeat repl-overlays
  repl-prelude require-drop-supplementary-groups require-sigs restrict-eval run-diff-hook sandbox
  sandbox-build-dir sandbox-dev-shm-size sandbox-fallback sandbox-paths secret-key-files
  show-trace ssl-cert-file stalled-download-timeout start-id store substitute substituters
  substitution-max-jobs sync-before-registering system system-features tarball-ttl timeout
  trace-function-calls trace-import-from-derivation trace-verbose trust-tarballs-from-git-forges
  trusted-binary-caches trusted-public-keys trusted-substituters trusted-users
  upgrade-nix-store-path-url use-case-hack use-cgroups use-registries use-sqlite-wal
  use-xdg-base-directories user-agent-suffix warn-dirty warn-large-path-threshold
  warn-short-path-literals`.split(/\s+/),
);
