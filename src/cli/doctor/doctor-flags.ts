import type { SettingFlags } from "../setting-flags.ts";

export interface DoctorFlags extends SettingFlags {
  readonly builder?: readonly string[];
  readonly fix?: boolean;
  readonly yes?: boolean;
  /** True without a message. */
  readonly explain?: string | true;
  readonly json?: boolean;
}
