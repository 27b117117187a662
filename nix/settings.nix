# Settings of nix.conf that follow from what was chosen.
{ lib, cfg }:
{
  builders-use-substitutes = cfg.buildersUseSubstitutes;
}
// lib.optionalAttrs cfg.neverHere { max-jobs = 0; }
// lib.optionalAttrs cfg.hook.enable { build-hook = "${cfg.package}/bin/elsewhere-hook"; }
